import Testing

@testable import Server

@Suite struct ReplyHeadTests {
    @Test func datesFollowTheFormatOfHTTP() {
        #expect(HTTPDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.text(1_709_208_000) == "Thu, 29 Feb 2024 12:00:00 GMT")
    }

    @Test func statusesWithoutABodyOmitItsLength() {
        for status in [204, 304] {
            let head = ReplyHead(HTTPReply(status: status), version: .oneOne, keepsAlive: true)
            let text = String(decoding: head.bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(!text.contains("Content-Length"))
            #expect(head.keepsAlive)
        }
    }

    @Test func aStatusWithoutANameIsSentToo() {
        let head = ReplyHead(HTTPReply(status: 299), version: .oneOne, keepsAlive: true)
        #expect(String(decoding: head.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 299 "))
    }
}
