import Server
import TestSupport
import Testing

@Suite struct RequestReaderFuzzTests {
    private static let body = String(repeating: "body ", count: 20)
    private static let valid =
        "\r\n" + get("/a%20b?c", "X-A: 1", "X-B: zwölf")
        + "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        + "POST /q HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: b\r\n"
        + "Expect: 100-continue\r\n\r\n"
        + "1f;x=y\r\n0123456789012345678901234567890\r\n2\r\n\r\n\r\n0\r\nX: 1\r\nY: 2\r\n\r\n"
        + "GET http://c:1/d HTTP/1.0\r\nConnection: keep-alive, x\r\n\r\n"

    /// Bytes in pieces whose lengths a generator draws.
    private func pieces(_ bytes: [UInt8], _ generator: inout some RandomNumberGenerator)
        -> [[UInt8]]
    {
        var rest = bytes[...]
        var pieces: [[UInt8]] = []
        let longest = [1, 3, 20, 300].randomElement(using: &generator) ?? 1
        while !rest.isEmpty {
            let count = Int.random(in: 1...longest, using: &generator)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    @Test func requestsAreTheSameInWhateverPiecesTheyArrive() throws {
        var generator = SeededGenerator(seed: 1)
        let whole = try requests(Self.valid)
        #expect(whole.map(\.path) == ["/a b", "/p", "/q", "/d"])
        for _ in 0..<500 {
            #expect(try requests(pieces(Array(Self.valid.utf8), &generator)) == whole)
        }
    }

    @Test func damagedRequestsAreRequestsOrProblems() {
        var limits = ServerLimits()
        limits.bodyByteCount = 1000
        limits.headByteCount = 600
        var generator = SeededGenerator(seed: 2)
        var mutations = Mutations(of: Array(Self.valid.utf8), seed: 3)
        var (read, refused) = (0, 0)
        for _ in 0..<20_000 {
            let bytes = mutations.next()
            let whole = Result { try requests([bytes], limits) }
            let inPieces = Result { try requests(pieces(bytes, &generator), limits) }
            switch (whole, inPieces) {
            case (.success(let first), .success(let second)):
                #expect(first == second)
                #expect(first.allSatisfy { $0.body.count <= limits.bodyByteCount })
                read += 1
            case (.failure(let first as HTTPProblem), .failure(let second as HTTPProblem)):
                #expect(first == second)
                refused += 1
            default:
                Issue.record("\(whole) at once, \(inPieces) in pieces: \(bytes)")
            }
        }
        // Damage is both refused and, where it hits what is free, overlooked.
        #expect(read > 1000)
        #expect(refused > 1000)
    }
}
