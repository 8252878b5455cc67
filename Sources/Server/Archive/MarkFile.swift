import Chat
import FoundationEssentials

/// A file beside a draft that tells of which moment the draft is; it goes when the draft has become a file.
struct MarkFile {
    private let path: String

    init(of draft: String) {
        path = draft + ".mark"
    }

    /// Nil when there is none that can be read.
    func read() -> ArchiveMark? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return ArchiveMark(text: String(decoding: bytes, as: UTF8.self))
    }

    func write(_ mark: ArchiveMark) throws(StartError) {
        do {
            try Data(mark.text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw StartError("cannot write \(path): \(error)")
        }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
