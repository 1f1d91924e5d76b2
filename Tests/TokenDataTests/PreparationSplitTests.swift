import Testing
import Tokenization

@testable import TokenData

/// The documents of a text that arrives in chunks of `size` bytes.
private func documents(_ bytes: [UInt8], _ split: DocumentSplit, size: Int) -> [String] {
    var splitter = DocumentSplitter(split)
    var result: [[UInt8]] = [[]]
    func take(_ text: UnsafeRawBufferPointer, endsDocument: Bool) {
        result[result.count - 1] += text
        if endsDocument { result.append([]) }
    }
    for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(start + size, bytes.count)].withUnsafeBytes {
            splitter.append($0, take)
        }
    }
    splitter.finish(take)
    #expect(result.last == [], "the end of a text ends its last document")
    return result.dropLast().map { String(decoding: $0, as: UTF8.self) }
}

@Suite struct PreparationSplitTests {
    @Test(
        arguments: [
            (DocumentSplit.none, "a\n\nb<|endoftext|>c", ["a\n\nb<|endoftext|>c"]),
            (.blankLines, "a\nb\n\nc\n\nd", ["a\nb\n\n", "c\n\n", "d"]),
            (.blankLines, "a\n\n\nb\n\n\n\nc\n\n", ["a\n\n", "\nb\n\n", "\n\n", "c\n\n", ""]),
            (.blankLines, "\n\na\n", ["\n\n", "a\n"]),
            (.blankLines, "a\r\n\r\nb\r\nc\n\r\n", ["a\r\n\r\n", "b\r\nc\n\r\n", ""]),
            (.blankLines, "a\n \n\r\r\nb", ["a\n \n\r\r\nb"]),
            (.marker, "a<|endoftext|>\nb<|endoftext|>", ["a", "\nb", ""]),
            (.marker, "<|endoftext|><|endoftext|>a", ["", "", "a"]),
            (.marker, "a<|endof<|endoftext|>b<|endoftext|", ["a<|endof", "b<|endoftext|"]),
            (.marker, "", [""]),
        ]
    )
    func chunksOfAnySizeGiveTheSameDocuments(
        split: DocumentSplit,
        text: String,
        expected: [String]
    ) {
        for size in 1...max(1, text.utf8.count) {
            #expect(documents(Array(text.utf8), split, size: size) == expected, "chunks of \(size)")
        }
    }

    @Test func aTextAfterAnotherStartsFresh() {
        var splitter = DocumentSplitter(.blankLines)
        var count = 0
        for _ in 0..<2 {
            Array("a\n".utf8).withUnsafeBytes { bytes in
                splitter.append(bytes) { _, ends in count += ends ? 1 : 0 }
            }
            splitter.finish { _, ends in count += ends ? 1 : 0 }
        }
        #expect(count == 2)
    }
}

@Suite struct PreparationBlockTests {
    @Test func aLongDocumentIsSpreadOverBlocksOfBoundedSize() {
        var builder = TextBlockBuilder(
            byteCount: 1000,
            cutting: Prepared.tokenizer.cutting(.text)
        )
        var blocks: [TextBlock] = []
        let chunk = Array("one more line of a document without end\n".utf8)
        for _ in 0..<500 {
            chunk.withUnsafeBytes {
                if let block = builder.append($0, endsDocument: false, bytesRead: 0) {
                    blocks.append(block)
                }
            }
        }
        blocks.append(builder.finish())
        #expect(blocks.count > 15)
        #expect(blocks.allSatisfy { $0.bytes.count < 1000 + 2 * chunk.count })
        #expect(blocks.map(\.starts) == [[0]] + Array(repeating: [], count: blocks.count - 1))
        #expect(blocks.flatMap(\.bytes).count == 500 * chunk.count)
    }

    @Test func shortDocumentsShareABlock() {
        var builder = TextBlockBuilder(
            byteCount: 1000,
            cutting: Prepared.tokenizer.cutting(.text)
        )
        for text in ["one", "", "two", " three"] {
            Array(text.utf8).withUnsafeBytes {
                let block = builder.append($0, endsDocument: true, bytesRead: 0)
                #expect(block == nil)
            }
        }
        let block = builder.finish()
        #expect(block.bytes == Array("onetwo three".utf8))
        #expect(block.starts == [0, 3, 6])
    }
}
