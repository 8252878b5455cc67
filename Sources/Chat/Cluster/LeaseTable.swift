import ChatProtocol
import Database

/// The rows of nodes and leases.
enum LeaseTable {
    /// Counts a node's beats up, and makes it known if it is not.
    static func beat(_ node: String, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO nodes (node, beats) VALUES (\(node), 1)
            ON CONFLICT (node) DO UPDATE SET beats = nodes.beats + 1
            """
        )
    }

    static func nodes(in tx: any Transaction) throws(ChatError) -> [String: Int64] {
        var nodes: [String: Int64] = [:]
        for row in try tx.rows("SELECT node, beats FROM nodes") { nodes[try row.text(0)] = try row.integer(1) }
        return nodes
    }

    /// Forgets a node; what it holds is free then.
    ///
    /// - Parameter beats: not if it has counted on; nil in any case.
    static func forget(_ node: String, after beats: Int64? = nil, in tx: any Transaction) throws(ChatError) {
        if let beats {
            try tx.execute("DELETE FROM nodes WHERE node = \(node) AND beats = \(beats)")
        } else {
            try tx.execute("DELETE FROM nodes WHERE node = \(node)")
        }
    }

    static func holder(of work: SoleWork, in tx: any Transaction) throws(ChatError) -> Leaseholder? {
        try tx.row(
            """
            SELECT leases.node, leases.token, nodes.beats FROM leases LEFT JOIN nodes ON nodes.node = leases.node
            WHERE leases.app = \(work.application) AND leases.work = \(work.name.rawValue)
            """
        ).map { row throws(ChatError) in
            Leaseholder(node: try row.text(0), token: try row.integer(1), beats: try row.optionalInteger(2))
        }
    }

    /// Gives a node a piece of work that is free.
    ///
    /// - Parameter former: who had it when it was seen to be free; nil for nobody.
    /// - Returns: whether it was still so.
    static func take(
        _ work: SoleWork,
        from former: Leaseholder?,
        for node: String,
        token: Int64,
        in tx: any Transaction
    ) throws(ChatError) -> Bool {
        guard let former else {
            return try tx.execute(
                """
                INSERT INTO leases (app, work, node, token)
                VALUES (\(work.application), \(work.name.rawValue), \(node), \(token)) ON CONFLICT (app, work) DO NOTHING
                """
            ) == 1
        }
        return try tx.execute(
            """
            UPDATE leases SET node = \(node), token = \(token)
            WHERE app = \(work.application) AND work = \(work.name.rawValue) AND token = \(former.token)
            """
        ) == 1
    }

    /// Whether nobody has taken the work up since the lease was given.
    static func isValid(_ lease: Lease, in tx: any Transaction) throws(ChatError) -> Bool {
        guard let token = lease.token else { return true }
        let (application, name) = (lease.work.application, lease.work.name.rawValue)
        return try tx.row(
            "SELECT 1 FROM leases WHERE app = \(application) AND work = \(name) AND token = \(token)"
        ) != nil
    }
}
