// How the processes of a run share the work of a step.

import Tensors

/// How processes that train one model divide the work.
package struct DataParallel: Sendable, Equatable {
    /// Whether each process keeps the optimizer's moments only for its share of the parameters,
    /// updates that, and gets the rest from the others.
    ///
    /// This is stage 1 of ZeRO (Rajbhandari, Rasley, Ruwase and He, 2020).
    package var shardsOptimizer: Bool
    /// The type in which gradients are sent: float32, or bfloat16, which is half the size and less
    /// exact.
    ///
    /// They are summed in float32.
    package var gradientType: ElementType

    /// Whole optimizers and float32 by default.
    package init(shardsOptimizer: Bool = false, gradientType: ElementType = .float32) {
        precondition(ElementType.floatTypes.contains(gradientType), "gradients as \(gradientType)")
        self.shardsOptimizer = shardsOptimizer
        self.gradientType = gradientType
    }
}
