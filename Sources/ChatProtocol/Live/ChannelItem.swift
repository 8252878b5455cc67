/// A channel as subscribers see it: the item of `get_official_account_info`, and where the channel stood.
///
/// Source: spec/official-channels.md B.6, docs/subscriber-protocol.md.
package struct ChannelItem: Sendable {
    package let members: [JSONObject.Member]

    /// - Parameter profile: the members of the documented item, `Official_Account` among them.
    package init(_ profile: [JSONObject.Member], _ epoch: ChannelEpoch, _ head: ChannelPosition) {
        members =
            profile + [
                .init(name: "Epoch", value: .string(epoch.description)),
                .init(name: "HeadMsgSeq", value: .integer(head.messageSeq)),
                .init(name: "HeadEventSeq", value: .integer(head.eventSeq)),
            ]
    }
}
