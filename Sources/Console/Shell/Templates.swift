import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Web

/// The pages' templates; whatever they show is escaped.
struct Templates: Sendable {
    private let library: MustacheLibrary

    init() {
        var templates: [String: MustacheTemplate] = [:]
        for (name, text) in WebFile.templates {
            do {
                templates[name] = try MustacheTemplate(
                    string: HTMLEscaping.preamble + String(decoding: text, as: UTF8.self)
                )
            } catch {
                // The files are part of the program, and a test parses each.
                preconditionFailure("the template \(name) cannot be parsed: \(error)")
            }
        }
        library = MustacheLibrary(templates: templates)
    }

    func render(_ name: String, _ context: [String: any Sendable]) -> String {
        guard let text = library.render(context, withTemplate: name) else {
            preconditionFailure("there is no template \(name)")
        }
        return text
    }
}

extension Response {
    static func html(_ text: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
