import FoundationEssentials
import RostrumTesting
import Testing

/// The OpenAPI document by the judgement of `openapi-spec-validator` 0.9 on PyPI.
///
/// Runs where `ROSTRUM_PYTHON`, or else `.build/venv/bin/python`, is a Python that has the package.
@Suite(
    "The OpenAPI document",
    .enabled("no Python at ROSTRUM_PYTHON or .build/venv/bin/python; `scripts/setup build test` makes one") {
        FileManager.default.isExecutableFile(atPath: ValidatorPython.path)
    }
)
struct OpenAPITests {
    private static func validate(_ document: String) async throws -> FinishedRun {
        try await withTemporaryDirectory { directory in
            let file = "\(directory)/openapi.json"
            try Data(document.utf8).write(to: URL(filePath: file))
            return try await FinishedRun(
                of: ValidatorPython.path,
                ["-m", "openapi_spec_validator", "--schema", "3.1", file]
            )
        }
    }

    @Test("it is a valid one of version 3.1")
    func valid() async throws {
        let document = try await rostrum("commands", "--openapi").standardOutput

        let run = try await Self.validate(document)

        #expect(run.succeeded, "\(run.standardOutput)\(run.standardError)")
    }

    @Test(
        "the validator finds what is wrong with one",
        arguments: [
            (#""openapi": "3.1.0""#, #""openapi": 3"#),
            (#"#/components/schemas/Failure""#, #"#/components/schemas/No""#),
            (#""in": "query""#, #""in": "body""#), (#""type": "integer""#, #""type": "int""#),
        ]
    )
    func invalid(right: String, wrong: String) async throws {
        let document = try await rostrum("commands", "--openapi").standardOutput
        #expect(document.contains(right))

        let run = try await Self.validate(document.replacing(right, with: wrong))

        #expect(!run.succeeded)
    }
}

private enum ValidatorPython {
    static let path =
        ProcessInfo.processInfo.environment["ROSTRUM_PYTHON"]
        ?? #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        + "/.build/venv/bin/python"
}
