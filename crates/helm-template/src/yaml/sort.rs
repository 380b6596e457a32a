//! The natural order of keys in go-yaml v2.

use std::cmp::Ordering;

use crate::golang::unicode::is_letter;

/// Compares two keys: letters after other characters, runs of digits by their value. With `digits_first` (go-yaml v3) a
/// run of digits that ends sorts after one that goes on.
pub(super) fn compare(first: &str, second: &str, digits_first: bool) -> Ordering {
    if first == second {
        return Ordering::Equal;
    }
    if less(first, second, digits_first) { Ordering::Less } else { Ordering::Greater }
}

fn less(first: &str, second: &str, digits_first: bool) -> bool {
    let a: Vec<char> = first.chars().collect();
    let b: Vec<char> = second.chars().collect();
    let Some(index) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len() < b.len() };
    let (x, y) = (a[index], b[index]);
    let (x_is_letter, y_is_letter) = (is_letter(x), is_letter(y));
    if x_is_letter && y_is_letter {
        return x < y;
    }
    if x_is_letter || y_is_letter {
        let after_digit = index > 0 && a[index - 1].is_ascii_digit();
        return if digits_first && after_digit { x_is_letter } else { y_is_letter };
    }
    // A zero that differs only counts where a significant digit came before it.
    let significant = (x == '0' || y == '0')
        && a[..index].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let (x_number, x_end) = digits(&a, index, i64::from(significant));
    let (y_number, y_end) = digits(&b, index, i64::from(significant));
    if x_number != y_number {
        return x_number < y_number;
    }
    if x_end != y_end {
        return x_end < y_end;
    }
    x < y
}

fn digits(text: &[char], from: usize, start: i64) -> (i64, usize) {
    let mut number = start;
    let mut index = from;
    while let Some(digit) = text.get(index).and_then(|c| c.to_digit(10)) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
        index += 1;
    }
    (number, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_naturally() {
        let mut keys = vec!["b10", "b9", "a", "_", "B", "b1", "b01", "1", "10", "2", "a-b", "ab"];
        keys.sort_by(|a, b| compare(a, b, false));
        assert_eq!(keys, ["_", "1", "2", "10", "B", "a", "a-b", "ab", "b1", "b01", "b9", "b10"]);
    }
}
