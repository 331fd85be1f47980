//! How far two pictures are apart.

use crate::Outcome;
use std::io::Write;

/// Prints the mean and the largest difference of their bytes, in levels of 256.
pub fn run(one: &str, other: &str) -> Outcome {
    let (one, other) = (std::fs::read(one)?, std::fs::read(other)?);
    if one.is_empty() || one.len() != other.len() {
        return Err(format!("pictures of {} and {} bytes", one.len(), other.len()).into());
    }
    let (sum, largest) = one
        .iter()
        .zip(&other)
        .map(|(one, other)| one.abs_diff(*other))
        .fold((0, 0), |(sum, largest), difference| {
            (sum + u64::from(difference), difference.max(largest))
        });
    writeln!(
        std::io::stdout(),
        "{:.3} {largest}",
        sum as f64 / one.len() as f64
    )?;
    Ok(())
}
