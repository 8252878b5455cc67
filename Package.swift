// swift-tools-version: 6.2

import PackageDescription

/// Whether everything of ours is compiled for the program of `make fuzz`, in which libFuzzer and AddressSanitizer look on.
let isFuzzing = Context.environment["ROSTRUM_FUZZ"] == "1"

/// What libFuzzer is steered by: which edges were taken, and what was compared with what.
let instrumentation: [SwiftSetting] = [
    .unsafeFlags([
        "-sanitize=address", "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp", "-O",
    ])
]

/// The settings of every target; they stand here once.
let settings: [SwiftSetting] =
    (isFuzzing ? instrumentation : []) + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]

/// A library target; `uses` names targets of this package, `from` products of others.
func library(_ name: String, uses: [String] = [], from products: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses.map { .byName(name: $0) } + products, swiftSettings: settings)
}

func program(_ name: String, uses: [String] = [], from products: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: uses.map { .byName(name: $0) } + products, swiftSettings: settings)
}

func tests(_ name: String, uses: [String], from products: [Target.Dependency] = []) -> Target {
    .testTarget(name: name, dependencies: uses.map { .byName(name: $0) } + products, swiftSettings: settings)
}

extension Target.Dependency {
    static let argumentParser = Self.product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asn1 = Self.product(name: "SwiftASN1", package: "swift-asn1")
    static let asyncHTTPClient = Self.product(name: "AsyncHTTPClient", package: "async-http-client")
    static let asyncAlgorithms = Self.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
    static let certificates = Self.product(name: "X509", package: "swift-certificates")
    static let configuration = Self.product(name: "Configuration", package: "swift-configuration")
    static let crypto = Self.product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = Self.product(name: "CryptoExtras", package: "swift-crypto")
    static let grdb = Self.product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite = Self.product(name: "GRDBSQLite", package: "GRDB.swift")
    static let httpTypes = Self.product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = Self.product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = Self.product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdHTTP2 = Self.product(name: "HummingbirdHTTP2", package: "hummingbird")
    static let instrumentation = Self.product(name: "Instrumentation", package: "swift-distributed-tracing")
    static let logging = Self.product(name: "Logging", package: "swift-log")
    static let metrics = Self.product(name: "Metrics", package: "swift-metrics")
    static let metricsTestKit = Self.product(name: "MetricsTestKit", package: "swift-metrics")
    static let mustache = Self.product(name: "Mustache", package: "swift-mustache")
    static let nioCore = Self.product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = Self.product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = Self.product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypesHTTP1 = Self.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioHTTPTypes = Self.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioTLS = Self.product(name: "NIOTLS", package: "swift-nio")
    static let nioPosix = Self.product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = Self.product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioWebSocket = Self.product(name: "NIOWebSocket", package: "swift-nio")
    static let system = Self.product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = Self.product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = Self.product(name: "Yams", package: "Yams")
    static let serviceLifecycle = Self.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
}

let package = Package(
    name: "rostrum",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
    products: [
        .executable(name: "rostrum", targets: ["rostrum"]),
        .library(name: "UserSig", targets: ["UserSig"]),
        .library(name: "ChatProtocol", targets: ["ChatProtocol"]),
        .library(name: "RostrumClient", targets: ["RostrumClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // The libraries that others import.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        library("UserSig", uses: ["CZlib"], from: [.crypto]),
        library("ChatProtocol"),
        library(
            "RostrumClient",
            uses: ["ChatProtocol", "TLSPolicy", "UserSig"],
            from: [.asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioWebSocket]
        ),

        // What of TLS is good enough, for whoever makes or takes connections.
        library("TLSPolicy", from: [.nioSSL]),

        // IP addresses, which every room that talks to others judges in the same way.
        library("Addresses", uses: ["ChatProtocol"]),

        // To which trace a call belongs, which goes from a request to webhooks and log lines.
        library("Traces", from: [.instrumentation]),

        // Storage and events, and the engines behind them.
        library("Database", uses: ["ChatProtocol"]),
        .target(name: "CSQLiteChecksums", linkerSettings: [.linkedLibrary("sqlite3")]),
        library(
            "DatabaseSQLite",
            uses: ["CSQLiteChecksums", "ChatProtocol", "Database"],
            from: [.grdb, .grdbSQLite]
        ),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        library("DatabasePostgres", uses: ["CLibpq", "ChatProtocol", "Database"]),
        library("EventBus", uses: ["ChatProtocol"]),
        .systemLibrary(name: "CNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"]), .brew(["cnats"])]),
        library("EventBusNATS", uses: ["CNATS", "ChatProtocol", "EventBus"], from: [.logging, .metrics]),

        // The domain.
        library(
            "Chat",
            uses: ["Addresses", "ChatProtocol", "Database", "EventBus", "Traces", "UserSig"],
            from: [.crypto, .cryptoExtras, .instrumentation, .metrics]
        ),

        // The edges.
        library("AdminAPI", uses: ["Chat", "ChatProtocol"], from: [.crypto, .logging, .metrics]),
        library(
            "Gateway",
            uses: ["Addresses", "Chat", "ChatProtocol", "EventBus", "Traces", "WebSockets"],
            from: [.asyncAlgorithms, .instrumentation, .logging, .metrics, .nioCore, .nioHTTP1, .serviceLifecycle]
        ),
        library(
            "WebhookDelivery",
            uses: ["Addresses", "Chat", "ChatProtocol", "EventBus", "TLSPolicy", "Traces"],
            from: [
                .asyncAlgorithms, .asyncHTTPClient, .instrumentation, .logging, .metrics, .nioCore, .nioHTTP1,
                .nioPosix, .nioSSL,
                .serviceLifecycle,
            ]
        ),

        // What live connections stand on; knows of frames, and of nothing that is in them.
        library("WebSockets", from: [.crypto, .nioCore, .nioHTTP1]),

        // What browsers load; the C compiler makes the files part of the program.
        .target(name: "CWebFiles"),
        .target(
            name: "Web",
            dependencies: ["CWebFiles", .crypto, .httpTypes, .hummingbird, .nioCore],
            exclude: ["Console", "Demo", "Docs", "SDK"],
            swiftSettings: settings
        ),

        // The operator's pages.
        .systemLibrary(name: "CQRCode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        library(
            "Console",
            uses: [
                "Addresses", "AdminAPI", "CQRCode", "Chat", "ChatProtocol", "Emulator", "Observability", "UserSig",
                "Web",
            ],
            from: [.asyncAlgorithms, .crypto, .httpTypes, .hummingbird, .logging, .mustache, .nioCore]
        ),

        // The documentation, as pages that `rostrum dev` serves.
        library("Handbook", uses: ["Web"], from: [.mustache]),

        // The server.
        library("Observability", uses: ["Traces"], from: [.instrumentation, .logging, .metrics]),
        .systemLibrary(name: "CGlibc"),
        library(
            "Emulator",
            uses: ["AdminAPI", "Chat", "ChatProtocol", "Database", "Observability"]
        ),
        library(
            "Server",
            uses: [
                "AdminAPI", "Addresses", "CGlibc", "Chat", "ChatProtocol", "Console", "Database", "DatabasePostgres",
                "DatabaseSQLite", "Emulator", "EventBus", "EventBusNATS",
                "Gateway", "Handbook", "Observability", "TLSPolicy", "Traces", "UserSig", "Web", "WebSockets",
                "WebhookDelivery",
            ],
            from: [
                .asn1, .asyncAlgorithms, .certificates, .configuration, .crypto, .httpTypes, .hummingbird,
                .hummingbirdCore, .hummingbirdHTTP2, .instrumentation, .logging, .metrics, .nioCore, .nioHTTP1,
                .nioHTTPTypes, .nioPosix,
                .nioHTTPTypesHTTP1, .nioSSL, .nioTLS, .serviceLifecycle, .system,
                .unixSignals, .yams,
            ]
        ),

        // The command line.
        program(
            "rostrum",
            uses: [
                "AdminAPI", "Addresses", "Chat", "ChatProtocol", "Emulator", "Gateway", "Observability", "Server",
                "UserSig", "WebhookDelivery",
            ],
            from: [.argumentParser, .logging, .nioCore]
        ),

        // The example of a backend in Swift; a package of its own in its folder, and here so that it compiles.
        .executableTarget(
            name: "webhook-receiver",
            dependencies: [.crypto, .httpTypes, .hummingbird, .nioCore],
            path: "examples/webhooks/swift/Sources/webhook-receiver",
            swiftSettings: settings
        ),

        // What tests share.
        library(
            "RostrumTesting",
            uses: [
                "AdminAPI", "CGlibc", "Chat", "ChatProtocol", "Database", "DatabasePostgres", "DatabaseSQLite",
                "EventBus", "EventBusNATS", "UserSig",
            ],
            from: [.logging, .metrics, .nioCore, .nioPosix, .nioSSL]
        ),

        // What `make fuzz` does with bytes from outside, and a test with the files of Fuzz/corpus.
        .target(
            name: "FuzzEntries",
            dependencies: [
                "AdminAPI", "Addresses", "Chat", "ChatProtocol", "Database", "EventBus", "EventBusNATS", "Gateway",
                "RostrumTesting", "Traces", "UserSig", "WebSockets", .logging, .metrics, .nioCore,
            ],
            path: "Fuzz/Entries",
            swiftSettings: settings
        ),
        .target(
            name: "FuzzServerEntries",
            dependencies: [
                "Addresses", "Chat", "ChatProtocol", "Console", "FuzzEntries", "Handbook", "Server", .crypto, .yams,
            ],
            path: "Fuzz/ServerEntries",
            swiftSettings: settings
        ),

        // A real process and real sockets; the program is a dependency so that it is built first.
        .testTarget(
            name: "AcceptanceTests",
            dependencies: [
                "CZlib", "ChatProtocol", "Database", "RostrumClient", "RostrumTesting", "UserSig", "rostrum", .crypto,
                .nioCore, .nioSSL,
            ],
            path: "Tests/Acceptance",
            swiftSettings: settings
        ),
        tests("AddressesTests", uses: ["Addresses"]),
        tests(
            "AdminAPITests",
            uses: [
                "AdminAPI", "Chat", "ChatProtocol", "Database", "EventBus", "Observability", "RostrumTesting",
                "UserSig",
            ],
            from: [.logging]
        ),
        tests("ChatProtocolTests", uses: ["ChatProtocol", "RostrumTesting"]),
        tests(
            "ChatTests",
            uses: ["Chat", "ChatProtocol", "Database", "EventBus", "RostrumTesting", "Traces", "UserSig"],
            from: [.crypto, .instrumentation, .metricsTestKit]
        ),
        tests(
            "ConsoleTests",
            uses: [
                "AdminAPI", "Chat", "ChatProtocol", "Console", "Database", "Emulator", "EventBus", "Observability",
                "RostrumTesting", "UserSig", "Web",
            ],
            from: [.httpTypes, .hummingbird, .logging, .metrics, .nioCore]
        ),
        tests(
            "DatabaseTests",
            uses: ["ChatProtocol", "Database", "DatabasePostgres", "DatabaseSQLite", "RostrumTesting"],
            from: [.grdbSQLite]
        ),
        tests(
            "EmulatorTests",
            uses: ["AdminAPI", "Chat", "ChatProtocol", "Database", "Emulator", "EventBus", "RostrumTesting"]
        ),
        tests(
            "EventBusTests",
            uses: ["ChatProtocol", "EventBus", "EventBusNATS", "RostrumTesting"],
            from: [.logging, .metricsTestKit]
        ),
        tests("FuzzTests", uses: ["FuzzEntries", "FuzzServerEntries"]),
        tests(
            "GatewayTests",
            uses: [
                "AdminAPI", "Chat", "ChatProtocol", "Database", "EventBus", "EventBusNATS", "Gateway", "RostrumTesting",
                "UserSig", "WebSockets",
            ],
            from: [.logging, .metrics, .metricsTestKit, .nioCore, .nioHTTP1, .nioPosix, .serviceLifecycle]
        ),
        tests("HandbookTests", uses: ["Handbook", "RostrumTesting", "Web"]),
        tests("ObservabilityTests", uses: ["Observability", "Traces"], from: [.instrumentation, .logging, .metrics]),
        tests(
            "RostrumClientTests",
            uses: ["AdminAPI", "ChatProtocol", "RostrumClient", "RostrumTesting", "UserSig"],
            from: [.asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL, .nioWebSocket]
        ),
        tests(
            "ServerTests",
            uses: [
                "Addresses", "Chat", "ChatProtocol", "Database", "DatabasePostgres", "DatabaseSQLite", "EventBus",
                "Gateway", "Observability", "RostrumTesting", "Server",
            ],
            from: [
                .asn1, .certificates, .crypto, .grdbSQLite, .httpTypes, .logging, .nioCore, .nioEmbedded, .nioHTTP1,
                .nioHTTPTypes, .nioSSL,
            ]
        ),
        tests("TracesTests", uses: ["RostrumTesting", "Traces"], from: [.instrumentation]),
        tests("UserSigTests", uses: ["RostrumTesting", "UserSig"]),
        tests(
            "WebSocketsTests",
            uses: ["RostrumTesting", "WebSockets"],
            from: [.nioCore, .nioEmbedded, .nioHTTP1, .nioPosix]
        ),
        tests(
            "WebhookDeliveryTests",
            uses: [
                "Addresses", "Chat", "ChatProtocol", "Database", "EventBus", "RostrumTesting", "WebhookDelivery",
            ],
            from: [
                .asn1, .asyncHTTPClient, .certificates, .crypto, .logging, .metrics, .metricsTestKit, .nioCore,
                .nioHTTP1, .nioPosix, .nioSSL, .serviceLifecycle,
            ]
        ),
    ]
)

// The programs of `make bench`; left out otherwise, so that nobody who builds the server builds them.
if Context.environment["ROSTRUM_BENCHMARKS"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "rostrum-benchmarks",
            dependencies: [
                "Chat", "ChatProtocol", "Database", "DatabasePostgres", "EventBus", "Server", "UserSig",
                .argumentParser, .asyncHTTPClient, .hummingbird, .logging, .grdbSQLite, .nioCore, .nioHTTP1,
            ],
            path: "Benchmarks/RostrumBenchmarks",
            swiftSettings: settings
        )
    )
}

// The programs of `make fuzz`, likewise; the second one has what needs an HTTP server, and takes longer to build.
if isFuzzing {
    func fuzzer(_ name: String, path: String, entries: Target.Dependency) -> Target {
        .executableTarget(
            name: name,
            dependencies: ["FuzzDriver", entries],
            path: path,
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=address"]), .linkedLibrary("stdc++")]
        )
    }
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .target(
            name: "FuzzDriver",
            dependencies: ["CFuzzer", "FuzzEntries"],
            path: "Fuzz/Driver",
            swiftSettings: settings
        ),
        fuzzer("rostrum-fuzz", path: "Fuzz/Program", entries: "FuzzEntries"),
        fuzzer("rostrum-fuzz-server", path: "Fuzz/ServerProgram", entries: "FuzzServerEntries"),
    ]
}
