// The two kinds of token shard, as llm.c writes them: a header of 256 little-endian int32 (magic,
// version, token count, zeros), then the tokens.

extension TokenShard {
    /// How a shard stores its tokens.
    public enum Format: CaseIterable, Equatable, Sendable {
        /// uint16 tokens, for vocabularies of at most 65,536.
        case gpt2
        /// uint32 tokens.
        case llama3

        /// The narrowest format that holds every token of a vocabulary.
        public init(vocabularySize: Int) {
            self = vocabularySize <= Format.gpt2.largestToken + 1 ? .gpt2 : .llama3
        }

        /// The model family that llm.c made the format for.
        public var name: String {
            switch self {
            case .gpt2: "GPT-2"
            case .llama3: "Llama-3"
            }
        }

        /// The first number of the header.
        public var magic: Int32 {
            switch self {
            case .gpt2: 20_240_520
            case .llama3: 20_240_801
            }
        }

        /// The second number of the header.
        public var version: Int32 {
            switch self {
            case .gpt2: 1
            case .llama3: 7
            }
        }

        /// The size of one token in bytes.
        public var tokenByteCount: Int {
            switch self {
            case .gpt2: MemoryLayout<UInt16>.size
            case .llama3: MemoryLayout<UInt32>.size
            }
        }

        /// The largest id the format holds that is also a token id in memory, where ids are int32.
        public var largestToken: Int {
            switch self {
            case .gpt2: Int(UInt16.max)
            case .llama3: Int(Int32.max)
            }
        }
    }

    /// The size of the header in bytes: 256 int32.
    static let headerByteCount = 1024

    /// The most tokens the header's int32 can count.
    public static let largestCount = Int(Int32.max)
}
