import MetricsTestKit

extension TestMetrics {
    /// The sum of a counter; 0 when nothing was counted.
    func totalValue(_ label: String, _ dimensions: [(String, String)]) -> Int64 {
        (try? expectCounter(label, dimensions).totalValue) ?? 0
    }
}
