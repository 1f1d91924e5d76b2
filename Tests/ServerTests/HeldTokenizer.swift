import Dispatch
import FileIO
import Synchronization
import Tokenization

/// The tokenizer of bytes, whose first call waits until it is let go.
final class HeldTokenizer: Tokenizer {
    private let calls = Atomic(0)
    private let release = DispatchSemaphore(value: 0)

    var callCount: Int { calls.load(ordering: .sequentiallyConsistent) }

    func letGo() { release.signal() }

    func encode(_ text: String, specialTokens: SpecialTokens) throws -> [TokenID] {
        if calls.add(1, ordering: .sequentiallyConsistent).newValue == 1 { release.wait() }
        return try byteTokenizer.encode(text, specialTokens: specialTokens)
    }

    var vocabularySize: Int { byteTokenizer.vocabularySize }
    var startOfText: TokenID? { byteTokenizer.startOfText }
    var endsOfText: [TokenID] { byteTokenizer.endsOfText }
    var description: TokenizerDescription { byteTokenizer.description }

    func bytes(of id: TokenID, after previous: TokenID?) throws -> ArraySlice<UInt8> {
        try byteTokenizer.bytes(of: id, after: previous)
    }

    func promptTokens(of bytes: [UInt8]) throws -> [TokenID] {
        try byteTokenizer.promptTokens(of: bytes)
    }

    func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        try byteTokenizer.nativeFile(at: path, overwrite: overwrite)
    }
}
