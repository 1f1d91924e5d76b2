import FileIO
import Testing

@Suite struct CountedNounTests {
    @Test func oneOfSomethingHasNoS() {
        #expect(counted(1, "layer") == "1 layer")
        #expect(counted(0, "layer") == "0 layers")
        #expect(counted(-1, "layer") == "-1 layers")
        #expect(counted(2, "batch", plural: "batches") == "2 batches")
        #expect(counted(1, "batch", plural: "batches") == "1 batch")
        #expect(counted(1234, "token", written: "1,234") == "1,234 tokens")
    }
}
