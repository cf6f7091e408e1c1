//! Fractions compare like the decimal numbers that people write.

use proptest::prelude::*;
use tower_mesh::policy::Fraction;

proptest! {
    #[test]
    fn a_decimal_ratio_is_reached_exactly_at_its_share(parts in 1u64..=1000, total in 1u64..100_000, part in 0u64..100_000) {
        let ratio: Fraction = format!("{}.{:03}", parts / 1000, parts % 1000).parse().expect("a ratio");
        prop_assert_eq!(ratio.reached_by(part, total), part * 1000 >= parts * total);
    }

    #[test]
    fn a_float_means_the_decimal_that_it_prints(ratio in 0.001f32..=1.0) {
        let text: Fraction = ratio.to_string().parse().expect("a ratio");
        prop_assert_eq!(Fraction::try_from(ratio).expect("a ratio"), text);
    }

    #[test]
    fn what_is_no_share_is_refused(ratio in prop_oneof![(-1e9..=0.0), (1.000_000_001..1e9), Just(f64::NAN), Just(f64::INFINITY)]) {
        prop_assert!(Fraction::try_from(ratio).is_err());
    }
}
