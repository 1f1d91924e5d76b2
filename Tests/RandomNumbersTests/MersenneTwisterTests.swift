// The expected numbers come from PyTorch 2.13 on an x86 processor (`torch.manual_seed`, `rand`,
// `normal_`), NumPy 2.4 (`RandomState`, raw 32-bit draws) and llm.c (`random_permutation`).

import RandomNumbers
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct MersenneTwisterTests {
    /// Whole-number distance between two floats of the same sign, in units in the last place.
    private func ulps(_ a: Float, _ b: Float) -> Int {
        guard a.sign == b.sign else { return .max }
        return abs(Int(a.bitPattern) - Int(b.bitPattern))
    }

    private func normals(
        _ generator: inout MersenneTwister,
        count: Int,
        mean: Float = 0,
        standardDeviation: Float = 1
    ) -> [Float] {
        var values = [Float](repeating: .nan, count: count)
        var span = values.mutableSpan
        generator.fillNormal(&span, mean: mean, standardDeviation: standardDeviation)
        return values
    }

    private func expectClose(_ values: [Float], toBits expected: [UInt32], allowedUlps: Int) {
        #expect(values.count == expected.count)
        for (i, (value, bits)) in zip(values, expected).enumerated() {
            let reference = Float(bitPattern: bits)
            #expect(
                ulps(value, reference) <= allowedUlps,
                "value \(i): expected \(reference) but saw \(value)"
            )
        }
    }

    @Test func rawDrawsMatchNumPyAcrossTheReplacementOfTheWords() {
        var generator = MersenneTwister(seed: 42)
        let draws = (0...2000).map { _ in generator.next32() }
        #expect(draws[..<4] == [1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414])
        #expect(draws[622..<626] == [336_967_606, 1_077_437_785, 108_880_612, 791_707_097])
        #expect(draws[1246..<1250] == [2_081_010_389, 1_014_112_781, 2_655_384_025, 3_263_983_643])
        #expect(draws[2000] == 795_139_886)
    }

    @Test func onlyTheLow32BitsOfTheSeedMatter() {
        var small = MersenneTwister(seed: 42)
        var large = MersenneTwister(seed: 1 << 40 + 42)
        #expect((0..<700).allSatisfy { _ in small.next32() == large.next32() })
    }

    @Test func uniformNumbersMatchPyTorchBitForBit() {
        var generator = MersenneTwister(seed: 42)
        let floats = (0..<4).map { _ in generator.nextFloat().bitPattern }
        #expect(floats == [0x3f61_dc66, 0x3f6a_3db3, 0x3ec4_06b8, 0x3f75_950e])
        var uniform = [Float](repeating: 0, count: 4)
        var span = uniform.mutableSpan
        generator.fillUniform(&span, from: -1, to: 3)
        #expect(
            uniform.map(\.bitPattern) == [0x3f0f_d1a8, 0x3fb3_a88e, 0x3cd7_5e00, 0x400b_2c14]
        )
        let doubles = (0..<3).map { _ in generator.nextDouble() }
        #expect(
            doubles == [
                0x1.0d66672221879p-1, 0x1.e83a4332fe9acp-2, 0x1.e914a759155cap-1,
            ]
        )
    }

    // torch.manual_seed(42); torch.empty(16).normal_()
    private let sixteenNormals: [UInt32] = [
        0x3ff6_a529, 0x3fbe_5f53, 0x3f66_9567, 0xc006_c0db, 0x3f2d_acd5, 0xbf9e_0591, 0xbd30_6786,
        0xbfcd_65ba, 0xbf40_8bf0, 0x3fd3_095b, 0xbec8_f2f6, 0xbfb3_a966, 0xbf3a_566e, 0xbf0f_36d1,
        0xbf44_d2a0, 0x3f43_2f9f,
    ]

    @Test func normalBlockOfSixteenMatchesPyTorchWithinFourUlps() {
        var generator = MersenneTwister(seed: 42)
        expectClose(normals(&generator, count: 16), toBits: sixteenNormals, allowedUlps: 4)
        #expect(generator.next32() == 2_581_769_315)
    }

    @Test func incompleteLastBlockRedrawsTheLastSixteenAsPyTorchDoes() {
        var generator = MersenneTwister(seed: 42)
        // `torch.empty(35).normal_()` continues after the sixteen with these.
        let rest: [UInt32] = [
            0x3fd2_3771, 0xbe23_6d85, 0xbefe_aae4, 0x3fdb_d280, 0x3ea3_4448, 0xbed9_5a8d,
            0x3e9c_8774, 0xbf46_4bb2, 0x3d0f_003f, 0x3ea4_679d, 0x3fc9_6bbb, 0xbf19_e472,
            0xbfa3_1763, 0x4007_dbb6, 0xbf9e_091d, 0xbef9_cfd9, 0xbfb5_82fd, 0x3f65_71d7,
            0x3d4c_6997,
        ]
        let values = normals(&generator, count: 35)
        expectClose(values, toBits: sixteenNormals + rest, allowedUlps: 4)
        #expect(generator.next32() == 2_655_947_709)
    }

    @Test func meanAndStandardDeviationAreAppliedAsInPyTorch() {
        var generator = MersenneTwister(seed: 7)
        let expected: [UInt32] = [
            0x3f7b_cd09, 0x3f81_0348, 0x3f82_4d1c, 0x3f78_e431, 0x3f7f_251d, 0x3f80_bae0,
            0x3f7c_b7b5, 0x3f7b_6cab, 0x3f82_5f38, 0x3f7d_4218, 0x3f7a_0fee, 0x3f7d_a4dd,
            0x3f81_d059, 0x3f82_97b8, 0x3f80_96fe, 0x3f82_ca73,
        ]
        let values = normals(&generator, count: 16, mean: 1, standardDeviation: 0.02)
        expectClose(values, toBits: expected, allowedUlps: 1)
    }

    @Test func fewerThanSixteenNormalsAreDrawnInDoublePrecisionAsPyTorchDoes() {
        var generator = MersenneTwister(seed: 42)
        let expected: [UInt32] = [0x3eac_62ae, 0x3e03_e69d, 0x3e70_16e7, 0x3e6b_dc6c, 0xbf8f_b9c2]
        expectClose(normals(&generator, count: 5), toBits: expected, allowedUlps: 1)
        // Three pairs of doubles are twelve draws: the sixth value is dropped, not kept.
        #expect(generator.next32() == 249_467_210)
    }

    @Test func noNormalsAskedForDrawsNothing() {
        var generator = MersenneTwister(seed: 42)
        #expect(normals(&generator, count: 0).isEmpty)
        #expect(generator == MersenneTwister(seed: 42))
    }

    @Test func permutationsMatchLlmC() {
        var generator = MersenneTwister(seed: 42)
        var values = [Int32](0..<10)
        generator.permute(&values)
        #expect(values == [1, 3, 9, 7, 6, 0, 8, 4, 5, 2])
        generator.permute(&values)
        #expect(values == [2, 5, 9, 0, 3, 1, 4, 8, 6, 7])
        var nothing: [Int32] = []
        var one: [Int32] = [7]
        let before = generator
        generator.permute(&nothing)
        generator.permute(&one)
        #expect(one == [7] && generator == before)
    }

    @Test func encodedStateHasTheLayoutOfLlmC() {
        var generator = MersenneTwister(seed: 42)
        for _ in 0..<700 { _ = generator.next32() }
        let bytes = generator.encoded()
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
        }
        #expect(bytes.count == 2520 && MersenneTwister.encodedByteCount == 2520)
        #expect(word(0) == 42 && word(4) == 0)
        #expect(word(8) == 549 && word(12) == 76)
        #expect(word(16) == 1_073_137_954 && word(16 + 623 * 4) == 3_015_710_099)
        #expect(word(2512) == 0 && word(2516) == 0x9908_b0df)
        // FNV-1a of the same structure in llm.c's memory.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        #expect(hash == 0x6fea_0fcf_9951_f1db)
    }

    @Test(arguments: [0, 1, 623, 624, 625, 1248])
    func decodedStateContinuesTheSequence(draws: Int) throws {
        var generator = MersenneTwister(seed: .max)
        for _ in 0..<draws { _ = generator.next32() }
        var restored = try #require(MersenneTwister(encoded: generator.encoded()))
        #expect(restored == generator)
        #expect((0..<1300).allSatisfy { _ in restored.next32() == generator.next32() })
    }

    @Test func bytesThatNoGeneratorWroteAreRefused() {
        var generator = MersenneTwister(seed: 1)
        _ = generator.next32()
        let good = generator.encoded()
        #expect(MersenneTwister(encoded: good) != nil)
        #expect(MersenneTwister(encoded: []) == nil)
        #expect(MersenneTwister(encoded: good.dropLast()) == nil)
        #expect(MersenneTwister(encoded: good + [0]) == nil)
        #expect(MersenneTwister(encoded: [UInt8](repeating: 0, count: 2520)) == nil)
        #expect(MersenneTwister(encoded: [UInt8](repeating: 255, count: 2520)) == nil)
        // `left` and `next` that contradict each other, `next` past the end, a different matrix.
        for (offset, value) in [(8, 0), (8, 1), (12, 0), (13, 255), (15, 128), (2516, 0)] {
            var bad = good
            bad[offset] = UInt8(value)
            #expect(MersenneTwister(encoded: bad) == nil, "byte \(offset) set to \(value)")
        }
    }

    @Test func jsonKeepsTheStateAndRefusesADamagedOne() throws {
        var generator = MersenneTwister(seed: 3)
        _ = generator.next32()
        let json = try JSONEncoder().encode(generator)
        #expect(try JSONDecoder().decode(MersenneTwister.self, from: json) == generator)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(MersenneTwister.self, from: Data(#"{"state":[1,2]}"#.utf8))
        }
    }
}
