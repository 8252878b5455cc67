import ChatProtocol
import Database

extension StorageExamination {
    /// What is said of a storage that cannot be looked at.
    static func fault(_ error: ChatError) -> Finding {
        .error(.database, StartError(error).description, advice(on: (error.cause as? DatabaseError)?.kind))
    }

    private static func advice(on kind: DatabaseError.Kind?) -> String {
        switch kind {
        case .corrupt:
            "stop the server, keep a copy of what is there, look after the disk, and restore the newest backup"
        case .newer: "run the version of Rostrum that made it"
        case .older: "start the server of this version, which migrates it"
        case .busy: "look again when the other process has finished"
        case .full: "make room on the disk"
        case .readOnly: "look at the owner and mode of the files and of their directory, and at the mount"
        case .constraint, .statement, .uncertain, .unavailable, nil:
            "look at the disk and at the kernel's log, or at PostgreSQL's own"
        }
    }
}
