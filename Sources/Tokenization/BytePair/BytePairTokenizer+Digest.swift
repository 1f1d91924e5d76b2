// What tells a tokenizer from another without comparing all of it.

import FileIO

extension BytePairTokenizer {
    /// SHA-256 of the tokens, merges and rules in hexadecimal digits: the same for every file of
    /// the same tokenizer, whatever its format.
    public var digest: String {
        var hash = SHA256()
        update(&hash)
        return hash.hexadecimal()
    }

    /// Adds the tokens, merges and rules to a checksum.
    package func update(_ hash: inout SHA256) {
        // Each part comes with its length, so that no two divisions give the same bytes.
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
        // Nothing for GPT-2's rules, whose tokenizers had no others once.
        for rule in description.encodingRules {
            add(rule.utf8.count, &hash)
            Array(rule.utf8).withUnsafeBytes { hash.update($0) }
        }
    }
}
