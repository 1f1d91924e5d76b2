import FileIO
import Testing

@Suite struct NumberTextTests {
    @Test func numbersAreWrittenForPeople() {
        #expect(NumberText.fixed(3.14159, 2) == "3.14")
        #expect(NumberText.fixed(-0.001, 2) == "0.00")
        #expect(NumberText.fixed(1_234_567.5, 1) == "1,234,567.5")
        #expect(NumberText.significant(10.966) == "10.97")
        #expect(NumberText.significant(0.0123456) == "0.01235")
        #expect(NumberText.significant(1e30) == "1e30")
        #expect(NumberText.scientific(6e-4) == "6e-4")
        #expect(NumberText.scientific(9.99999e-5) == "1e-4")
        #expect(NumberText.compact(999_999) == "1M")
        #expect(NumberText.compact(124_475_904) == "124M")
        #expect(NumberText.compact(8200) == "8,200")
        #expect(NumberText.compact(5000, from: 1000) == "5k")
        #expect(NumberText.compact(0.003) == "0.003")
        #expect(NumberText.compact(1.5e-10) == "1.5e-10")
        #expect(NumberText.percent(0.305) == "30.5%")
        #expect(NumberText.percent(1.5e18) == "1.5e20%")
        #expect(NumberText.percent(1.5e308) == "1.5e+308")
        #expect(NumberText.duration(seconds: 4.25) == "4.3s")
        #expect(NumberText.duration(seconds: 2.9999999e35) == "3e35s")
        #expect(NumberText.duration(seconds: 187) == "3m 07s")
        #expect(NumberText.duration(seconds: 45_600) == "12h 40m")
        #expect(NumberText.duration(seconds: 90_000) == "1d 01h")
    }

    @Test func everyNumberCanBeWritten() {
        for value in [
            0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, 1e18, 999.9999, 9.9999e-300,
        ] {
            for text in [
                NumberText.fixed(value, 3), NumberText.significant(value),
                NumberText.scientific(value), NumberText.compact(value),
                NumberText.duration(seconds: value),
            ] {
                #expect(!text.isEmpty && text.count < 40)
            }
        }
    }

    @Test func oneOfSomethingIsSingular() {
        #expect(counted(1, "layer") == "1 layer")
        #expect(counted(0, "layer") == "0 layers")
        #expect(counted(-1, "layer") == "-1 layers")
        #expect(counted(2, "batch", plural: "batches") == "2 batches")
        #expect(counted(1, "batch", plural: "batches") == "1 batch")
        #expect(counted(1234, "token", written: "1,234") == "1,234 tokens")
    }
}
