/// The newest so many elements of an endless row.
package struct Ring<Element> {
    private var elements: [Element] = []
    /// Where the oldest one stands, once all places are taken.
    private var start = 0
    package let capacity: Int

    package init(capacity: Int) {
        self.capacity = capacity
        elements.reserveCapacity(capacity)
    }

    package mutating func append(_ element: Element) {
        guard elements.count == capacity else { return elements.append(element) }
        elements[start] = element
        start = (start + 1) % capacity
    }

    /// Oldest first.
    package var all: [Element] { Array(elements[start...] + elements[..<start]) }
}

extension Ring: Sendable where Element: Sendable {}
