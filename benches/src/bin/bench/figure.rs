//! What several samples of the same amount to.

/// The median of some samples, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) samples: usize,
}

impl Figure {
    /// Sums up `samples`; nothing if there are none.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let (least, most) = (*samples.first()?, *samples.last()?);
        let middle = samples.len() / 2;
        let median = if samples.len() % 2 == 1 {
            samples[middle]
        } else {
            f64::midpoint(samples[middle - 1], samples[middle])
        };
        Some(Self { median, least, most, samples: samples.len() })
    }

    /// Returns how far the samples lie apart, as a part of the median; nothing if there is only one.
    pub(crate) fn spread(&self) -> Option<f64> {
        (self.samples > 1 && self.median > 0.0).then(|| (self.most - self.least) / self.median)
    }

    /// Returns how many times `other` this is.
    pub(crate) fn over(&self, other: &Self) -> Option<f64> {
        (other.median > 0.0).then(|| self.median / other.median)
    }

    /// Says whether some value lies within the samples of both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.least <= other.most && other.least <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let median = |samples: &[f64]| Figure::of(samples.to_vec()).map(|figure| figure.median);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn one_sample_has_no_spread() {
        assert_eq!(Figure::of(vec![3.0]).expect("one").spread(), None);
        assert_eq!(Figure::of(vec![3.0, 4.0, 5.0]).expect("three").spread(), Some(0.5));
    }
}
