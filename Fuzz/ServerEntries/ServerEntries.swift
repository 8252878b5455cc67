package import FuzzEntries

/// The entries of the rooms that stand on an HTTP server, which takes longer to compile than all the others.
package let serverEntries: [Entry] = [.settings, .backup, .forwardedFor, .csv, .markdown]
