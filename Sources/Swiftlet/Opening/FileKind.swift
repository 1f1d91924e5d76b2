// What a file is, judging by how it begins, so that an error about a wrong file can say what it is.
// Readers check whether it is complete.

import FileIO
import LanguageModels
import TensorFiles
import TokenData
import Tokenization
import Training

/// The kinds of file and directory that this project can tell apart.
public enum FileKind: String, Sendable, CaseIterable {
    /// A model as llm.c writes it.
    case model
    /// llm.c's batch with the logits and gradients expected for it.
    case debugState
    /// A model as llama2.c writes it.
    case llama2c
    /// A directory with a model's configuration, from Hugging Face or Meta, or with GGUF files.
    case modelDirectory
    /// A byte-level BPE tokenizer as llm.c writes it.
    case tokenizer
    /// A tokenizer of Llama, as SentencePiece or llama2.c writes it.
    case sentencePiece
    /// Token ids to train on.
    case tokenShard
    /// llm.c's multiple-choice questions.
    case evaluationShard
    /// llm.c's moments of AdamW.
    case optimizerState
    /// A directory that a training run has left files in.
    case runDirectory
    /// Any other directory.
    case directory
    /// Tensors in Hugging Face's format.
    case safetensors
    /// Tensors in llama.cpp's format.
    case gguf
    /// Tensors in PyTorch's format.
    case pyTorch
    /// Any other zip archive.
    case zip
    /// JSON.
    case json
    /// Any other text.
    case text
    /// A file of no bytes.
    case empty
    /// None of the others.
    case unknown

    /// Looks at the start of the file, or into the directory, at `path`.
    /// - Throws: ``FileIOError`` when nothing is there or it cannot be read.
    package init(of path: FilePath) throws {
        if FileSystem.isDirectory(path) {
            if try RunDirectory(path).holdsRun() {
                self = .runDirectory
            } else {
                let isModel = ModelDirectory.isOne(path) || ModelDirectory.holdsGGUF(path)
                self = isModel ? .modelDirectory : .directory
            }
        } else {
            self = FileKind(of: try MappedFile(path))
        }
    }

    /// llm.c's files start with a number of their own.
    private static let magicNumbers: [Int32: FileKind] = [
        GPT2CheckpointHeader.magic: .model,
        GPT2DebugStateHeader.magic: .debugState,
        Int32(Vocabulary.llmcMagic): .tokenizer,
        TokenShard.Format.gpt2.magic: .tokenShard,
        TokenShard.Format.llama3.magic: .tokenShard,
        MultipleChoiceExample.shardMagic: .evaluationShard,
        20_240_527: .optimizerState,
        Int32(Llama2CFile.magic): .llama2c,
    ]

    /// Checks the strongest sign first: the one least likely to be a coincidence.
    private init(of file: MappedFile) {
        let tensors = TensorFileStart(file)
        let kind: FileKind? = file.withUnsafeBytes { bytes in
            let start = bytes.prefix(512)
            if bytes.isEmpty { return .empty }
            // A header that fits the file, although its first bytes may be another kind's number.
            if tensors == .safetensors { return .safetensors }
            if let kind = Self.numbered(start) { return kind }
            if tensors == .zip { return Self.isPyTorch(start) ? .pyTorch : .zip }
            if tensors == .oldPyTorch { return .pyTorch }
            // Lengths that lead from piece to piece.
            if SentencePieceFormat(bytes) != nil { return .sentencePiece }
            if tensors == .partOfSafetensors { return .safetensors }
            if Self.isText(start) { return JSONStart(start) == nil ? .text : .json }
            return nil
        }
        // Nothing but sizes, which any small numbers look like.
        self = kind ?? (Llama2CFile.mayBegin(file) ? .llama2c : .unknown)
    }

    /// The kind of a file that starts with a magic number.
    private static func numbered(_ bytes: Slice<UnsafeRawBufferPointer>) -> FileKind? {
        // Some of these numbers are letters; the versions after them are small, unlike text.
        guard bytes.count >= 4, bytes.count < 8 || bytes.dropFirst(4).prefix(4).contains(0)
        else { return nil }
        if bytes.starts(with: "GGUF".utf8) { return .gguf }
        let number = bytes.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return magicNumbers[Int32(bitPattern: number)]
    }

    /// Whether the first entry of a zip archive is the one with which PyTorch begins its files.
    private static func isPyTorch(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        // The length of the name is at byte 26, and the name at byte 30.
        let length = bytes.dropFirst(26).first.map { Int($0) } ?? 0
        return bytes.dropFirst(30).prefix(length).suffix(9).elementsEqual("/data.pkl".utf8)
    }

    private static let whitespace = Set("\t\n\u{0B}\u{0C}\r ".utf8)

    /// Whether bytes, which may end within a character, are UTF-8 without control characters.
    private static func isText(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        let cut = (0...3).first { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
        guard let cut, bytes.allSatisfy({ $0 >= 0x20 || whitespace.contains($0) }) else {
            return false
        }
        // The part that may be cut off starts a character of several bytes.
        return cut == 0 || bytes.suffix(cut).first.map { 0xC2...0xF4 ~= $0 } ?? false
    }
}

extension FileKind: CustomStringConvertible {
    /// The kind with its article, for sentences.
    public var description: String {
        switch self {
        case .model: "an llm.c model"
        case .debugState: "an llm.c debug state"
        case .llama2c: "a llama2.c checkpoint"
        case .modelDirectory: "the directory of a model"
        case .tokenizer: "a GPT-2 (byte-level BPE) tokenizer"
        case .sentencePiece: "a SentencePiece tokenizer"
        case .tokenShard: "a token shard"
        case .evaluationShard: "an evaluation shard"
        case .optimizerState: "an llm.c optimizer state"
        case .runDirectory: "the directory of a training run"
        case .directory: "a directory without a training run"
        case .safetensors: "a safetensors file"
        case .gguf: "a GGUF file"
        case .pyTorch: "a PyTorch file"
        case .zip: "a zip archive"
        case .json: "a JSON file"
        case .text: "a text file"
        case .empty: "an empty file"
        case .unknown: "a file of unknown format"
        }
    }

    /// The kinds that may be a model, in any format.
    package static let models: [FileKind] = [
        .model, .runDirectory, .llama2c, .modelDirectory, .gguf, .safetensors, .pyTorch,
    ]

    /// Checks that `path` is one of `kinds`, before a reader reports it less clearly.
    /// - Throws: ``UnexpectedFileError``, or ``FileIOError`` when nothing is there.
    @discardableResult
    package static func require(_ kinds: FileKind..., at path: FilePath) throws -> FileKind {
        let found = try FileKind(of: path)
        guard kinds.contains(found) else {
            throw UnexpectedFileError(path: path, expected: kinds, found: found)
        }
        return found
    }
}

/// A file of one kind where another was needed; `description` is one sentence for the user.
public struct UnexpectedFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or directory.
    public let path: FilePath
    /// The kinds of which one was needed.
    public let expected: [FileKind]
    /// What it is.
    public let found: FileKind

    /// Describes a wrong file.
    package init(path: FilePath, expected: [FileKind], found: FileKind) {
        self.path = path
        self.expected = expected
        self.found = found
    }

    public var description: String {
        let names = expected.map(\.description)
        // "a, b or c"
        let list =
            (names.count > 1 ? names.dropLast().joined(separator: ", ") + " or " : "")
            + (names.last ?? "")
        return "'\(path)' is \(found), not \(list); check the path"
    }
}
