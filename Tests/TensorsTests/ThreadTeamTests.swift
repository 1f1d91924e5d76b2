import Testing

@testable import Tensors

@Suite struct ThreadTeamTests {
    @Test(
        arguments: [
            ("OMP_NUM_THREADS", "abc"), ("OMP_NUM_THREADS", "0"), ("OMP_NUM_THREADS", "-1"),
            ("OMP_NUM_THREADS", "1000000"), ("OMP_NUM_THREADS", "99999999999999999999"),
            ("OMP_NUM_THREADS", "4,"), ("OMP_NUM_THREADS", "4,x"), ("OMP_NUM_THREADS", "٤"),
            ("OMP_THREAD_LIMIT", "0"), ("OMP_THREAD_LIMIT", "many"),
            ("OMP_STACKSIZE", "abc"), ("OMP_STACKSIZE", "100G"), ("OMP_STACKSIZE", "0"),
            ("OMP_STACKSIZE", "M"), ("KMP_STACKSIZE", "-4M"),
        ]
    )
    func anInvalidVariableIsNamed(name: String, value: String) throws {
        let error = #expect(throws: TensorError.self) {
            try ThreadTeam.checkEnvironment { $0 == name ? value : nil }
        }
        #expect(error?.description.contains("\(name) is '\(value)'") == true)
    }

    @Test(
        arguments: [
            ("OMP_NUM_THREADS", "4,2"), ("OMP_NUM_THREADS", " 8 "), ("OMP_NUM_THREADS", ""),
            ("OMP_THREAD_LIMIT", "4294967295"), ("OMP_STACKSIZE", "512"), ("OMP_STACKSIZE", "2 m"),
        ]
    )
    func aVariableThatOpenMPUnderstandsIsAccepted(name: String, value: String) throws {
        try ThreadTeam.checkEnvironment { $0 == name ? value : nil }
    }

    @Test func aStackIsAsLargeAsTheVariableSays() throws {
        let sizes = try ["", "64M", "65536", "16777216B"].map { value in
            try ThreadTeam.checkEnvironment { $0 == "OMP_STACKSIZE" ? value : nil }
        }
        #expect(sizes == [4 << 20, 64 << 20, 64 << 20, 16 << 20])
    }
}
