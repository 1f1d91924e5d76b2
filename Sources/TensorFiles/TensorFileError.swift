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
    /// The header asks for another file size than there is.
    case wrongSize(path: FilePath, expected: Int, found: Int)
}

extension TensorFileError: CustomStringConvertible {
    public var description: String {
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
        }
    }
}
