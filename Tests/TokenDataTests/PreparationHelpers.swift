// A tokenizer made on the spot, files of text, and text preparation in its plainest form, to
// compare the streaming one with.

import FileIO
import TokenData
import Tokenization

enum Prepared {
    /// A tokenizer that knows a few words, so that where text is cut would show.
    static let tokenizer: BytePairTokenizer = {
        let text = "the cat and the dog and the end\n\n the  cats' dog \n\n\n and\r\n\r\nthe end"
        do {
            var trainer = try BytePairTrainer(vocabularySize: 272)
            trainer.add(text)
            return try trainer.train()
        } catch {
            fatalError("\(error)")
        }
    }()

    /// The tokens of whole documents, without empty ones.
    static func tokens(_ documents: [[UInt8]]) throws -> [TokenID] {
        try documents.filter { !$0.isEmpty }
            .flatMap { try [tokenizer.endOfText].compactMap(\.self) + tokenizer.encode($0) }
    }

    /// The tokens of the shards of a preparation, one after another.
    static func tokens(of result: TextPreparation.Result) throws -> [TokenID] {
        try result.shards.flatMap { prepared in
            let shard = try TokenShard(prepared.path)
            return try shard.tokens(in: 0..<shard.count)
        }
    }
}

/// Writes a file of these bytes and returns its path.
@discardableResult
func writeText(_ bytes: some Sequence<UInt8>, to path: FilePath) throws -> FilePath {
    try FileSystem.createDirectory(path.removingLastComponent())
    let file = try AtomicFile(path)
    try file.write(Array(bytes))
    try file.commit()
    return path
}
