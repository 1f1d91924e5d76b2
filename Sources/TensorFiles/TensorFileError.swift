import FileIO

/// A file of tensors that cannot be read; `description` is one sentence for the user.
public enum TensorFileError: Error, Equatable, Sendable {
    /// The file does not start with the magic number of `format`.
    case wrongMagic(path: FilePath, format: String, expected: Int32, found: Int32)
    /// A version this reader does not know; `hint` says how to get one that it does.
    case unsupportedVersion(
        path: FilePath,
        format: String,
        supported: String,
        found: Int32,
        hint: String
    )
    /// A header field whose value makes no sense.
    case invalidHeader(path: FilePath, field: String, requirement: String, found: Int)
    /// The file does not have the size that its header asks for.
    case wrongSize(path: FilePath, expected: Int, found: Int)
    /// The file breaks a rule of its format: `what` should be `expected` and is `found`.
    case malformed(path: FilePath, what: String, expected: String, found: String)
    /// A file that is not damaged, but cannot be used for the reason given; `hint` says what to do.
    case unsupported(path: FilePath, reason: String, hint: String)
    /// A pickle that is damaged, or asks for more than tensors, at byte `offset` of the pickle.
    case refusedPickle(path: FilePath, offset: Int, reason: String)
    /// The directory holds none of the `expected` files.
    case nothingInDirectory(path: FilePath, expected: [String])
    /// The directory has some of a model's files, but not the one called `name`, which is needed
    /// for the reason given.
    case missingPart(path: FilePath, name: String, reason: String)
    /// There is no tensor of this name.
    case missingTensor(path: FilePath, name: String)
    /// A tensor has the wrong shape.
    case wrongShape(path: FilePath, name: String, expected: [Int], found: [Int])
}

extension TensorFileError: CustomStringConvertible {
    // Names and other text in a sentence come from a file, and a terminal might obey them.
    public var description: String { DisplayText.escaping(sentence) }

    private var sentence: String {
        switch self {
        case .wrongMagic(let path, let format, let expected, let found):
            "'\(path)' is not \(format): it starts with \(found) instead of \(expected); "
                + "check that it is the right file"
        case .unsupportedVersion(let path, let format, let supported, let found, let hint):
            "'\(path)' is \(format) of version \(found), but only \(supported) can be read; \(hint)"
        case .invalidHeader(let path, let field, let requirement, let found):
            "'\(path)' has a damaged header: \(field) is \(found) and must be \(requirement); "
                + "copy or create the file again"
        case .wrongSize(let path, let expected, let found):
            "'\(path)' is \(found) bytes long, but its header asks for \(expected); "
                + "the file is incomplete or damaged, copy or create it again"
        case .malformed(let path, let what, let expected, let found):
            "'\(path)' is damaged: \(what) should be \(expected), but is \(found); "
                + "copy or create the file again"
        case .unsupported(let path, let reason, let hint):
            "'\(path)' cannot be used: \(reason); \(hint)"
        case .refusedPickle(let path, let offset, let reason):
            "'\(path)' cannot be read: at byte \(offset) its pickle \(reason), and only tensors by "
                + "name are taken from pickles; nothing in it was executed; save the model's "
                + "state_dict alone"
        case .nothingInDirectory(let path, let expected):
            "'\(path)' is not the directory of a model or an adapter, or is incomplete: looked for "
                + "\(expected.joined(separator: ", ")); check the path, and copy what is missing "
                + "there"
        case .missingPart(let path, let name, let reason):
            "'\(path)' has no '\(name)', although \(reason); put all files of the model, and no "
                + "others, in the directory"
        case .missingTensor(let path, let name):
            "'\(path)' has no tensor '\(name)'; check that it is a model of the right kind, "
                + "and complete"
        case .wrongShape(let path, let name, let expected, let found):
            "tensor '\(name)' of '\(path)' has the shape \(found), but \(expected) is needed; "
                + "check that the configuration is this model's"
        }
    }
}
