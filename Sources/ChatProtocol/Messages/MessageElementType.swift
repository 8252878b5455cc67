/// The types of element that a message is made of, by their `MsgType`.
///
/// `TIMRelayElem` (messages merged by a client) is not among them: REST may not send it.
///
/// Source: spec/messages.md section 1.
package enum MessageElementType: String, CaseIterable, Sendable {
    case text = "TIMTextElem"
    case location = "TIMLocationElem"
    case face = "TIMFaceElem"
    /// Whatever the application defines; a message has at most one.
    case custom = "TIMCustomElem"
    case sound = "TIMSoundElem"
    case image = "TIMImageElem"
    case file = "TIMFileElem"
    case video = "TIMVideoFileElem"
}

extension MessageElementType {
    /// The rules of `MsgContent`.
    ///
    /// The URLs and flags of sound, file and video came with the SDKs of generation 4: elements of older ones have
    /// none of them and are passed on.
    var contentRules: [MemberRule] {
        switch self {
        case .text: [MemberRule("Text", .string, .required)]
        case .location:
            [
                MemberRule("Desc", .string, .optional),
                MemberRule("Latitude", .number, .required),
                MemberRule("Longitude", .number, .required),
            ]
        case .face:
            [
                MemberRule("Index", .number, .required),
                MemberRule("Data", .string, .optional),
            ]
        case .custom:
            [
                MemberRule("Data", .string, .atLeastOne),
                MemberRule("Desc", .string, .atLeastOne),
                MemberRule("Ext", .string, .atLeastOne),
                MemberRule("Sound", .string, .atLeastOne),
            ]
        case .sound:
            [
                MemberRule("Url", .string, .allOrNone),
                MemberRule("UUID", .string, .required),
                MemberRule("Size", .number, .optional),
                MemberRule("Second", .number, .optional),
                MemberRule("Download_Flag", .integer([2]), .allOrNone),
            ]
        case .image:
            [
                MemberRule("UUID", .string, .required),
                MemberRule("ImageFormat", .number, .optional),
                MemberRule("ImageInfoArray", .objects(Self.renditionRules), .required),
            ]
        case .file:
            [
                MemberRule("Url", .string, .allOrNone),
                MemberRule("UUID", .string, .required),
                MemberRule("FileSize", .number, .optional),
                MemberRule("FileName", .string, .optional),
                MemberRule("Download_Flag", .integer([2]), .allOrNone),
            ]
        case .video:
            [
                MemberRule("VideoUrl", .string, .allOrNone),
                MemberRule("VideoUUID", .string, .required),
                MemberRule("VideoSize", .number, .optional),
                MemberRule("VideoSecond", .number, .optional),
                MemberRule("VideoFormat", .string, .optional),
                MemberRule("VideoDownloadFlag", .integer([2]), .allOrNone),
                MemberRule("ThumbUrl", .string, .allOrNone),
                MemberRule("ThumbUUID", .string, .required),
                MemberRule("ThumbSize", .number, .optional),
                MemberRule("ThumbWidth", .number, .required),
                MemberRule("ThumbHeight", .number, .required),
                MemberRule("ThumbFormat", .string, .optional),
                MemberRule("ThumbDownloadFlag", .integer([2]), .allOrNone),
            ]
        }
    }

    /// The rules of one size of an image.
    private static let renditionRules = [
        MemberRule("Type", .number, .optional),
        MemberRule("Size", .number, .optional),
        MemberRule("Width", .number, .required),
        MemberRule("Height", .number, .required),
        MemberRule("URL", .string, .required),
    ]
}
