/// The webhooks of official channels, by their `CallbackCommand`.
///
/// Source: spec/webhooks-official-channels.md section 2.
package enum WebhookCommand: String, CaseIterable, Sendable {
    /// Asks whether a channel may be made.
    case beforeCreate = "OfficialAccount.CallbackBeforeCreateOfficialAccount"
    /// A channel was made.
    case afterCreate = "OfficialAccount.CallbackAfterCreateOfficialAccount"
    /// A channel's profile was changed.
    case afterInfoChanged = "OfficialAccount.CallbackAfterOfficialAccountInfoChanged"
    /// A channel was destroyed.
    case afterDestroyed = "OfficialAccount.CallbackAfterOfficialAccountDestroyed"
    /// Asks which users may subscribe.
    case beforeAddSubscriber = "OfficialAccount.CallbackBeforeAddSubscriber"
    /// Users subscribed.
    case afterAddSubscriber = "OfficialAccount.CallbackAfterAddSubscriber"
    /// A channel has as many subscribers as it may have.
    case afterFull = "OfficialAccount.CallbackAfterOfficialAccountFull"
    /// Users are no longer subscribed.
    case afterDeleteSubscriber = "OfficialAccount.CallbackAfterDeleteSubscriber"
    /// Asks whether a broadcast may be sent, and whether as it is.
    case beforeSend = "OfficialAccount.CallbackBeforeSendMsg"
    /// A broadcast was sent.
    case afterSend = "OfficialAccount.CallbackAfterSendMsg"
    /// Broadcasts were recalled; the capital D is the contract's.
    case afterRecall = "OfficialAccount.CallbackAfterMsgWithDraw"

    /// Whether the operation waits for the answer, which may refuse it.
    package var isBefore: Bool {
        switch self {
        case .beforeCreate, .beforeAddSubscriber, .beforeSend: true
        case .afterCreate, .afterInfoChanged, .afterDestroyed, .afterAddSubscriber, .afterFull, .afterDeleteSubscriber,
            .afterSend, .afterRecall:
            false
        }
    }
}
