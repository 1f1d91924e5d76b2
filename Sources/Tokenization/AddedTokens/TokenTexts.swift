// The bytes of many tokens in one block of memory. What they mean is told by those who hold them.

/// Byte strings by number, laid back to back.
public struct TokenTexts: RandomAccessCollection, Sendable, Equatable {
    // Text i is bytes[offsets[i]..<offsets[i + 1]].
    private var bytes: [UInt8]
    private var offsets: [Int]

    /// Takes texts in the order of their numbers.
    public init(_ texts: some Sequence<some Collection<UInt8>>) {
        self.init()
        for text in texts { append(text) }
    }

    /// Starts without texts.
    public init() {
        (bytes, offsets) = ([], [0])
    }

    /// Takes texts laid back to back; text i is `bytes[offsets[i]..<offsets[i + 1]]`.
    init(bytes: [UInt8], offsets: [Int]) {
        self.bytes = bytes
        self.offsets = offsets
    }

    /// Makes room.
    mutating func reserveCapacity(texts: Int, bytes: Int) {
        offsets.reserveCapacity(texts + 1)
        self.bytes.reserveCapacity(bytes)
    }

    /// Adds a text.
    public mutating func append(_ text: some Collection<UInt8>) {
        bytes.append(contentsOf: text)
        offsets.append(bytes.count)
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { offsets.count - 1 }

    /// The bytes of one text, without a copy.
    public subscript(index: Int) -> ArraySlice<UInt8> { bytes[offsets[index]..<offsets[index + 1]] }

    /// The length of one text in bytes.
    func byteCount(at index: Int) -> Int { offsets[index + 1] - offsets[index] }

    /// Calls `body` with the bytes of one text.
    @inline(__always)
    func withBytes<Result>(
        at index: Int,
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        let range = offsets[index]..<offsets[index + 1]
        return try bytes.withUnsafeBufferPointer {
            try body(UnsafeBufferPointer(rebasing: $0[range]))
        }
    }
}
