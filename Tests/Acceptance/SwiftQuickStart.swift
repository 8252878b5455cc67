import RostrumClient

// The quick start of docs/sdk-swift.md; a test sees to it that the page says the same.

func postNews(on server: String, key: String) async throws {
    let admin = try AdminClient(server: server, sdkAppID: 88_888_888, userSigs: .key(key))
    try await admin.importAccount(NewAccount(id: "anna"))
    let new = NewOfficialChannel(owner: "107867", name: "Harbour News")
    let news = try await admin.createOfficialChannel(new)
    let added = try await admin.addSubscribers(["anna"], to: news)
    print("anna:", added[0].outcome)
    let sent = try await admin.sendBroadcast(Broadcast(text: "Ferry 7 leaves from pier 3"), to: news)
    print("sent as", sent.key)
}

func followNews(on server: String, userSigs: UserSigSource, show: (String) -> Void) async throws {
    let anna = SubscriberSession.Configuration(
        server: server,
        sdkAppID: 88_888_888,
        identifier: "anna",
        userSigs: userSigs
    )
    try await SubscriberSession.connect(anna) { session in
        for try await event in session.events {
            if case .message(let message) = event { show(message.text) }
        }
    }
}
