import Chat
import ChatProtocol

extension Call {
    /// The call that a form makes, once however often it is sent: a reload, a retry of the browser or somebody who
    /// recorded the request is told the first result again.
    func once(_ form: Form, _ visit: Visit) -> Call {
        let request: JSONObject = ["path": .string(visit.path), "form": .object(form.content)]
        return IdempotencyKey(form: form.once, content: Array(request.json)).map(under) ?? self
    }
}
