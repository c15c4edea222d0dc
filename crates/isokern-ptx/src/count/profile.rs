//! The profile of the stand-in driver: lines of PTX, summed to functions and kernels.

use super::table::{COUNTS, Found, Row, Table, share_rows};

/// The table of a program's kernels.
pub(super) const TABLE: Table = Table {
    head: "# What the kernels execute\n\nWritten by `cargo isokern-ptx count --bless`: exact \
           counts of one run on the stand-in driver. Nothing\nhere was run on a GPU.\n\n",
    whole: "kernel",
    part: "function",
    facts: &["launches"],
};

/// Reads a profile: a line for each line of PTX that ran.
///
/// # Errors
///
/// What is wrong with the text.
pub fn of_profile(text: &str) -> Result<Found, String> {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    if !head.starts_with("kernel\tlaunches\tfunction\tline\t") {
        return Err("this is no profile. Fix: name the file of ISOKERN_SIM_PROFILE".to_owned());
    }
    let (mut kernels, mut functions): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for (number, line) in (2..).zip(lines) {
        let words: Vec<&str> = line.split('\t').collect();
        let [kernel, launches, function, _line, rest @ ..] = words.as_slice() else {
            return Err(format!("line {number} has {} words", words.len()));
        };
        let counts = rest.iter().take(COUNTS.len()).map(|word| word.parse::<u64>());
        let counts: Result<Vec<u64>, _> = [launches.parse()].into_iter().chain(counts).collect();
        let wrong = |error| format!("line {number}: {error}");
        let counts = counts.map_err(wrong)?;
        if counts.len() != COUNTS.len() + 1 {
            return Err(format!("line {number} has {} counts", counts.len() - 1));
        }
        let part = Row {
            key: vec![(*kernel).to_owned(), (*function).to_owned()],
            numbers: counts[1..].to_vec(),
        };
        Row::add(&mut functions, part.demangled());
        // Every line of a kernel says again how often it was launched.
        match kernels.iter_mut().find(|row| row.key[0] == *kernel) {
            Some(row) => {
                row.numbers[1..].iter_mut().zip(&counts[1..]).for_each(|(sum, more)| *sum += more)
            }
            None => kernels.push(Row { key: vec![(*kernel).to_owned()], numbers: counts }),
        }
    }
    if kernels.is_empty() {
        return Err("no kernel ran. Fix: run the program on the stand-in driver".to_owned());
    }
    kernels.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(share_rows(kernels, &functions, TABLE.facts.len()))
}

#[cfg(test)]
mod tests {
    use super::super::{moved, summary};
    use super::{TABLE, of_profile};

    fn profile(first: u64) -> String {
        let head = "kernel\tlaunches\tfunction\tline\tthread instructions\tand more\n";
        let rest = "\t2\t0\t0\t0\t0\t0\t0\t0\t0\tld.global.u32 %r1, [%rd1];\n";
        format!("{head}k\t3\tk\t7\t{first}{rest}k\t3\tinner\t9\t50{rest}k\t3\tk\t8\t100{rest}")
    }

    #[test]
    fn lines_are_summed_to_functions_and_kernels() {
        let found = of_profile(&profile(1000)).unwrap();
        assert_eq!(found.wholes[0].numbers[..3], [3, 1150, 6]);
        let parts: Vec<_> = found.parts.iter().map(|row| (&*row.key[1], row.numbers[0])).collect();
        assert_eq!(parts, [("k", 1100), ("inner", 50)]);
    }

    #[test]
    fn one_more_instruction_in_a_thousand_names_the_function() {
        let committed = TABLE.text(&of_profile(&profile(1000)).unwrap());
        let same = of_profile(&profile(1000)).unwrap();
        assert_eq!(moved(&TABLE, &committed, &same), Vec::<String>::new());
        assert_eq!(summary(&[(TABLE, same)], &committed), "1 kernel: as the table says");
        let lines = moved(&TABLE, &committed, &of_profile(&profile(1001)).unwrap());
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[1].starts_with("k k: threads' instructions 1100 -> 1101"), "{lines:?}");
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let refusal = |text: &str| of_profile(text).unwrap_err();
        assert!(refusal("").contains("no profile"));
        assert!(refusal("a,b\n").contains("ISOKERN_SIM_PROFILE"));
        let head = profile(1).lines().next().unwrap().to_owned();
        assert!(refusal(&head).contains("no kernel ran"));
        assert!(refusal(&format!("{head}\nk\t3\n")).contains("line 2 has 2 words"));
        assert!(refusal(&profile(1).replace("\t3\t", "\tx\t")).starts_with("line 2: "));
        assert!(refusal(&format!("{head}\nk\t3\tk\t7\t1\n")).contains("1 counts"));
    }
}
