package import ChatProtocol

/// Who takes turns with whom: writes of one turn happen one after the other, on whatever node they were asked for.
///
/// An engine with one writer has one turn for all. An engine that writes in several places at once keeps the order
/// within an application, which is all that features may rely on.
package enum Turn: Sendable, Hashable {
    /// For a write that concerns one application alone.
    case application(SDKAppID)
    /// For a write that may concern everything: it waits for every other write, and every other write for it.
    case installation
    /// For a write of which it does not matter what others write at the same moment: it waits for nobody's turn, and
    /// several of one node may be made at once.
    case unordered
}
