//! Chance, as a value that can be handed in.

use uuid::Uuid;

/// A number that is at least 0 and less than 1; each as likely as any other.
pub fn chance() -> f64 {
    // The low digits of such an id are random.
    let digits = Uuid::new_v4().as_u128() as u32;
    f64::from(digits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::chance;

    #[test]
    fn it_is_a_part_of_one() {
        let all: Vec<f64> = (0..1000).map(|_| chance()).collect();
        assert!(all.iter().all(|it| (0.0..1.0).contains(it)));
        assert!(all.iter().any(|it| *it < 0.1) && all.iter().any(|it| *it > 0.9));
    }
}
