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
    let Some((index, x, y)) = first_difference(first, second) else { return first.len() < second.len() };
    let (x_is_letter, y_is_letter) = (is_letter(x), is_letter(y));
    if x_is_letter && y_is_letter {
        return x < y;
    }
    let before = &first[..index];
    if x_is_letter || y_is_letter {
        let after_digit = before.ends_with(|c: char| c.is_ascii_digit());
        return if digits_first && after_digit { x_is_letter } else { y_is_letter };
    }
    // A zero that differs only counts where a significant digit came before it.
    let significant = (x == '0' || y == '0')
        && before.bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let (x_number, x_length) = digits(&first[index..], i64::from(significant));
    let (y_number, y_length) = digits(&second[index..], i64::from(significant));
    if x_number != y_number {
        return x_number < y_number;
    }
    if x_length != y_length {
        return x_length < y_length;
    }
    x < y
}

/// Where two keys differ first, and by which characters; `None` if one is the start of the other.
fn first_difference(first: &str, second: &str) -> Option<(usize, char, char)> {
    let pairs = first.char_indices().zip(second.chars());
    pairs.map(|((index, x), y)| (index, x, y)).find(|(_, x, y)| x != y)
}

fn digits(text: &str, start: i64) -> (i64, usize) {
    let mut number = start;
    let mut length = 0;
    for digit in text.bytes().take_while(u8::is_ascii_digit) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        length += 1;
    }
    (number, length)
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
