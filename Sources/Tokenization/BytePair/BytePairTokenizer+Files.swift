// Opening and saving tokenizers, and what tells one from another without comparing all of it.
// Formats are read and written elsewhere; which merges a file stands for, and whether it can stand
// for these merges at all, is decided here.

import FileIO

extension BytePairTokenizer {
    /// Opens a byte-level tokenizer, recognized by content.
    ///
    /// - Parameter path: A file or a directory, as for ``loadTokenizer(at:vocabularySize:)``.
    /// - Throws: ``TextTokenizerError`` when the content is not such a tokenizer, is damaged, or is
    ///   not enough to encode text; `FileIOError` when a file is missing or ends early.
    package convenience init(contentsOf path: FilePath) throws {
        switch try TokenizerFiles(at: path, isByteLevel: true) {
        case .llmc(let path): try self.init(llmcFile: path)
        case .pair(let vocabulary, let merges):
            try self.init(vocabularyFile: vocabulary, mergesFile: merges)
        case .json(let file):
            let description = try TokenizerDescription(jsonFile: file)
            guard description.kind == .byteLevel else {
                throw TextTokenizerError.otherKind(path: file, found: .sentencePiece)
            }
            try description.check(file)
            try self.init(checked: description, path: file)
        case .sentencePiece(let file):
            throw TextTokenizerError.otherKind(path: file, found: .sentencePiece)
        }
    }

    /// Opens a vocabulary in JSON (`encoder.json`, `vocab.json`) and its merges (`vocab.bpe`,
    /// `merges.txt`), whatever their names.
    ///
    /// - Throws: As ``init(contentsOf:)``.
    package convenience init(vocabularyFile: FilePath, mergesFile: FilePath) throws {
        let vocabulary = try VocabularyJSON.read(MappedFile(vocabularyFile))
        let merges = try MergesFile.read(MappedFile(mergesFile), for: vocabulary)
        self.init(vocabulary: vocabulary, merges: merges)
    }

    convenience init(llmcFile path: FilePath) throws {
        let vocabulary = try Vocabulary(llmcFile: path)
        do {
            let merges = try MergeTable(recoveredFrom: vocabulary)
            self.init(vocabulary: vocabulary, merges: merges)
        } catch let error as MergeRecoveryError {
            throw TextTokenizerError.notEncodable(path: path, reason: error.description)
        }
    }

    /// Writes llm.c's tokenizer file, version 2, completely or not at all.
    ///
    /// The format stores no merges: it implies those in which the token with the lowest id is
    /// merged first. GPT-2's are like that, and so are those trained here; other merges are
    /// refused, because the file would encode text differently.
    ///
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)``; `FileIOError` when the file
    ///   exists and `overwrite` is false, or on I/O errors.
    package func writeLLMCFile(to path: FilePath, overwrite: Bool = true) throws {
        try nativeFile(at: path, overwrite: overwrite).commit()
    }

    package func nativeFile(at path: FilePath, overwrite: Bool) throws -> AtomicFile {
        try requireGPT2sRules(path)
        do {
            guard try MergeTable(recoveredFrom: vocabulary) == merges else {
                throw TextTokenizerError.cannotExport(
                    path: path,
                    reason: "its merges are not in the order of their token ids; "
                        + "keep the vocabulary and merges files instead"
                )
            }
        } catch let error as MergeRecoveryError {
            throw TextTokenizerError.cannotExport(path: path, reason: error.description)
        }
        return try vocabulary.llmcFile(at: path, overwrite: overwrite)
    }

    /// Writes the vocabulary as JSON (`vocab.json`) and the merges (`merges.txt`), which Hugging
    /// Face's and OpenAI's libraries read.
    ///
    /// - Throws: ``TextTokenizerError/cannotExport(path:reason:)`` when the end-of-text token is
    ///   not `<|endoftext|>`, by which readers recognize it; `FileIOError` when a file exists and
    ///   `overwrite` is false, or on I/O errors.
    package func write(
        vocabularyFile: FilePath,
        mergesFile: FilePath,
        overwrite: Bool = true
    ) throws {
        try requireGPT2sRules(vocabularyFile)
        let vocabularyOutput = try AtomicFile(vocabularyFile, overwrite: overwrite)
        let mergesOutput = try AtomicFile(mergesFile, overwrite: overwrite)
        try VocabularyJSON.write(vocabulary, to: vocabularyOutput)
        try MergesFile.write(merges, of: vocabulary, to: mergesOutput)
        try vocabularyOutput.commit()
        try mergesOutput.commit()
    }

    /// Writes the tokenizer into a directory, so that ``init(contentsOf:)`` opens it from there
    /// without loss: as `tokenizer.bin` in llm.c's format; or as `vocab.json` and `merges.txt` if
    /// that format cannot hold it; otherwise as `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// - Returns: The files that were written.
    /// - Throws: As ``write(vocabularyFile:mergesFile:overwrite:)``.
    @discardableResult
    package func save(in directory: FilePath, overwrite: Bool = true) throws -> [FilePath] {
        if description.saysMoreThanTokens {
            return try description.writeJSON(in: directory, overwrite: overwrite)
        }
        do {
            let path = directory.appending("tokenizer.bin")
            try writeLLMCFile(to: path, overwrite: overwrite)
            return [path]
        } catch TextTokenizerError.cannotExport {
            let paths = [directory.appending("vocab.json"), directory.appending("merges.txt")]
            do {
                try write(vocabularyFile: paths[0], mergesFile: paths[1], overwrite: overwrite)
            } catch TextTokenizerError.cannotExport {
                return try description.writeJSON(in: directory, overwrite: overwrite)
            }
            return paths
        }
    }

    /// Checks that a file of only tokens and merges loses nothing.
    private func requireGPT2sRules(_ path: FilePath) throws {
        guard let rule = description.encodingRules.first else { return }
        throw TextTokenizerError.cannotExport(
            path: path,
            reason:
                "the tokenizer has rules of its own (\(rule)), but the format implies GPT-2's; "
                + "keep tokenizer.json instead"
        )
    }
}

extension BytePairTokenizer {
    /// SHA-256 of the tokens, merges and rules in hexadecimal digits: the same for every file of
    /// the same tokenizer, whatever its format.
    package var digest: String {
        var hash = SHA256()
        update(&hash)
        return hash.hexadecimal()
    }

    /// Adds the tokens, merges and rules to a checksum.
    package func update(_ hash: inout SHA256) {
        // Each part comes with its length, so that no two splits give the same bytes.
        func add(_ number: Int, _ hash: inout SHA256) {
            withUnsafeBytes(of: UInt64(number).littleEndian) { hash.update($0) }
        }
        for id in 0..<vocabularySize {
            let bytes = vocabulary.bytes(of: TokenID(id))
            add(bytes.count, &hash)
            bytes.withUnsafeBytes { hash.update($0) }
        }
        if let endOfText { add(Int(endOfText), &hash) }
        let merges = mergeNumbers
        add(merges.count, &hash)
        for number in merges { add(Int(number), &hash) }
        // Nothing for GPT-2's rules, which were once the only ones.
        for rule in description.encodingRules {
            add(rule.utf8.count, &hash)
            Array(rule.utf8).withUnsafeBytes { hash.update($0) }
        }
    }
}
