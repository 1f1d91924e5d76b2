import Server
import Testing

@Suite struct HTTPHeadersTests {
    @Test func namesAreComparedWithoutRegardToCase() {
        var headers: HTTPHeaders = ["Content-Type": "text/plain", "X-A": "1"]
        headers.add("x-a", "2")
        #expect(headers["content-TYPE"] == "text/plain")
        #expect(headers.values("X-a") == ["1", "2"])
    }

    @Test func settingAFieldReplacesAllOfItsName() {
        var headers: HTTPHeaders = ["A": "1", "a": "2", "B": "3"]
        headers["A"] = "4"
        #expect(headers == ["B": "3", "A": "4"])
        headers["b"] = nil
        #expect(headers.fields.map(\.name) == ["A"])
    }
}
