import Chat
package import ChatProtocol

/// The REST API as an OpenAPI 3.1 document.
///
/// Its schemas never reject what the server accepts or answers. Members that a later version may add are not forbidden
/// in replies, and `ErrorCode` of a failure is any number, because clients must be able to bear codes that they do not
/// know; which ones a command answers with is told by `x-rostrum-errors`, those of every command stand once, at the
/// top, under `x-rostrum-common-errors`.
package struct OpenAPIDocument: Sendable {
    private let cards: [CommandCard]

    package init(_ cards: [CommandCard]) {
        self.cards = cards
    }

    package var json: JSONValue {
        .object([
            "openapi": .string("3.1.0"),
            "info": .object(Self.info),
            "servers": .array([
                .object(["url": .string("/"), "description": .string("The server that gave this document.")]),
                .object([
                    "url": .string("http://127.0.0.1:8080"), "description": .string("`rostrum dev` on this machine."),
                ]),
            ]),
            "security": .array([.object(["UserSig": .array([])])]),
            "tags": .array(services.map { .object(["name": .string($0)]) }),
            "paths": .object(JSONObject(cards.map { .init(name: "/v4/" + $0.path, value: Self.path($0)) })),
            "components": .object(Self.components),
            "x-rostrum-common-errors": .array(CodeFamily.common.map { .object($0.json) }),
        ])
    }

    private var services: [String] {
        cards.reduce(into: []) { names, card in
            if !names.contains(card.service) { names.append(card.service) }
        }
    }

    private static let info: JSONObject = [
        "title": .string("Rostrum"),
        "version": .string(Release.version),
        "summary": .string("An official-channel server, compatible with the Tencent Cloud Chat server API."),
        "description": .string(
            """
            Every answer has the HTTP status 200; `ErrorCode` in it tells whether the call succeeded. Limits of texts are \
            in bytes of UTF-8, while `maxLength` counts characters: a text within `maxLength` may still be too long.
            """
        ),
        "license": .object(["name": .string("Apache 2.0"), "identifier": .string("Apache-2.0")]),
    ]

    // MARK: Commands

    private static func path(_ card: CommandCard) -> JSONValue {
        var members: [JSONObject.Member] = [
            .init(name: "operationId", value: .string(card.name)),
            .init(name: "tags", value: .strings([card.service])),
            .init(name: "summary", value: .string(card.summary)),
            .init(
                name: "description",
                value: .string(
                    "At most \(card.ordinaryRate) calls a second, unless the application is set otherwise."
                        + (card.isOwn ? " Rostrum's own: the hosted service does not have it." : "")
                )
            ),
        ]
        if let document = card.documents.first.map(CommandDocument.init) {
            let link: JSONObject = [
                "url": .string(document.url), "description": .string("Document \(document.number)"),
            ]
            members.append(.init(name: "externalDocs", value: .object(link)))
        }
        members += [
            .init(name: "parameters", value: .array(parameters.map { reference("parameters", $0.name) })),
            .init(
                name: "requestBody",
                value: .object([
                    "required": .bool(true), "content": content(card.fields.schema, example: card.sample),
                ])
            ),
            .init(name: "responses", value: .object(["200": .object(response(card))])),
            .init(name: "x-rostrum-errors", value: .array(card.ownCodes.map { .object($0.json) })),
            .init(name: "x-rostrum-webhook-errors", value: .bool(card.answersWebhookCodes)),
            .init(name: "x-rostrum-webhooks", value: .strings(card.webhooks.map(\.rawValue))),
        ]
        return .object(["post": .object(JSONObject(members))])
    }

    private static func response(_ card: CommandCard) -> JSONObject {
        let codes = card.ownCodes.map { "\($0.rawValue): \($0.meaning)" }.joined(separator: "; ")
        return [
            "description": .string(
                "Success or refusal. Beside the codes of every command, ErrorCode may be \(codes)."
            ),
            "content": content(replySchema(of: card)),
        ]
    }

    /// What the command answers: a success with its members, or a failure without any.
    package static func replySchema(of card: CommandCard) -> JSONSchema {
        JSONSchema(["oneOf": .array([card.reply.schema(after: success).value, JSONSchema.reference("Failure").value])])
    }

    private static func content(_ schema: JSONSchema, example: JSONObject? = nil) -> JSONValue {
        var members: [JSONObject.Member] = [.init(name: "schema", value: schema.value)]
        if let example { members.append(.init(name: "example", value: .object(example))) }
        return .object(["application/json": .object(JSONObject(members))])
    }

    private static func reference(_ kind: String, _ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/\(kind)/\(name)")])
    }

    // MARK: Components

    private static var components: JSONObject {
        [
            "schemas": JSONSchema.members(schemas),
            "parameters": .object(
                JSONObject(parameters.map { JSONObject.Member(name: $0.name, value: .object($0.json)) })
            ),
            "securitySchemes": .object([
                "UserSig": .object([
                    "type": .string("apiKey"), "in": .string("query"), "name": .string("usersig"),
                    "description": .string(
                        "A token of the account `identifier`, made with a key of the application `sdkappid`."
                    ),
                ])
            ]),
        ]
    }

    /// What schemas refer to by name.
    package static var schemas: [(name: String, schema: JSONSchema)] {
        let types = MessageElementType.allCases
        let elements: JSONObject = [
            "description": .string("One part of a message's content."),
            "oneOf": .array(types.map { JSONSchema.reference($0.rawValue).value }),
            "discriminator": .object([
                "propertyName": .string("MsgType"),
                "mapping": .object(
                    JSONObject(
                        types.map { .init(name: $0.rawValue, value: .string("#/components/schemas/\($0.rawValue)")) }
                    )
                ),
            ]),
        ]
        return [("Failure", failure), ("MessageElement", JSONSchema(elements))]
            + types.map { ($0.rawValue, $0.schema) }
    }

    private static let requestID = JSONSchema.string.described("Names this answer in the server's log.")

    private static let success: [(name: String, schema: JSONSchema)] = [
        ("ActionStatus", .words(["OK"])), ("ErrorCode", .integers([0])), ("ErrorInfo", .words([""])),
        ("RequestId", requestID),
    ]

    private static let failure = JSONSchema.object(
        [
            ("ActionStatus", .words(["FAIL"])),
            ("ErrorCode", JSONSchema.integer(1...Int64(Int32.max)).described("Why the call was refused.")),
            ("ErrorInfo", JSONSchema.string.described("The same in words: what to change.")),
            ("RequestId", requestID),
        ],
        required: ["ActionStatus", "ErrorCode", "ErrorInfo", "RequestId"]
    )

    /// A parameter of the URL or a header.
    private struct Parameter {
        let name: String
        var place = "query"
        let isRequired: Bool
        let description: String
        let schema: JSONSchema

        var json: JSONObject {
            [
                "name": .string(name), "in": .string(place), "required": .bool(isRequired),
                "description": .string(description), "schema": schema.value,
            ]
        }
    }

    private static let parameters = [
        Parameter(
            name: "sdkappid",
            isRequired: true,
            description: "The application's number.",
            schema: .integer(1...Int64(UInt32.max))
        ),
        Parameter(
            name: "identifier",
            isRequired: true,
            description: "The caller, who must be an app admin: \(UserID.rule).",
            schema: UserID.schema
        ),
        Parameter(
            name: "usersig",
            isRequired: true,
            description: "The caller's token.",
            schema: JSONSchema(["type": .string("string"), "minLength": .integer(1)])
        ),
        Parameter(
            name: "random",
            isRequired: false,
            description: "Marks the request; the hosted service demands it.",
            schema: .integer(0...Int64(UInt32.max))
        ),
        Parameter(
            name: "contenttype",
            isRequired: false,
            description: "What the body is; the hosted service demands it.",
            schema: .words(["json"])
        ),
        Parameter(
            name: "Idempotency-Key",
            place: "header",
            isRequired: false,
            description: """
                Names a call that writes: within 24 hours the same key with the same body gives the first result again \
                and does nothing. Rostrum's own.
                """,
            schema: .string(length: 1...IdempotencyKey.longest, pattern: "^[!-~]+$")
        ),
    ]
}
