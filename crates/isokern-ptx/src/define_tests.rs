//! What is added, and what is not.

use super::define;
use crate::limits::Limits;
use crate::module::Module;
use isokern_simcuda::program::liveness::undefined;

/// `%r2` and `%p2` have no value where `skip` is jumped to; all others have one on every way.
const TEXT: &str = "\
.version 7.8
.target sm_80
.address_size 64
.func  (.param .b32 func_retval0) meets(
\t.param .b64 meets_param_0
)
{
\t.reg .pred \t%p<3>;
\t.reg .b32 \t%r<4>;
\t.reg .b64 \t%rd<2>;

\tld.param.b64 \t%rd1, [meets_param_0];
\tld.b32 \t%r1, [%rd1];
\tsetp.eq.b32 \t%p1, %r1, 0;
\t@%p1 bra \tskip;
\tld.b32 \t%r2, [%rd1+4];
\tsetp.eq.b32 \t%p2, %r2, 7;
skip:
\tselp.b32 \t%r3, %r1, %r2, %p2;
\tst.param.b32 \t[func_retval0], %r3;
\tret;
}
.visible .entry kernel(
\t.param .b64 kernel_param_0
)
{
\tret;
}
";

const ROW: &str =
    "[entry.kernel]\nregisters = 8\nshared_bytes = 0\nframe_bytes = 0\nbarriers = 0\n";

#[test]
fn a_register_without_a_value_on_some_way_gets_one() {
    let defined = define(TEXT, None).unwrap();
    let zeros = "\tsetp.ne.b32 \t%p2, 0, 0;\n\tmov.b32 \t%r2, 0;\n";
    assert_eq!(defined, TEXT.replacen("\tld.param", &format!("{zeros}\tld.param"), 1));
    let module = Module::read(&defined).unwrap();
    assert!(module.functions().all(|function| undefined(function) == Some(vec![])));
    assert_eq!(define(&defined, None).unwrap(), defined, "there is nothing left to do");
}

#[test]
fn the_threads_of_a_row_go_to_its_entry() {
    let limits = Limits::parse(&format!("{ROW}threads = 288\n")).unwrap();
    let defined = define(TEXT, Some(&limits)).unwrap();
    assert!(
        defined.contains("kernel_param_0\n)\n.maxntid 288, 1, 1\n.minnctapersm 1\n{\n\tret;"),
        "{defined}"
    );
    assert_eq!(defined.matches(".maxntid").count(), 1);
    let without = Limits::parse(ROW).unwrap();
    assert!(!define(TEXT, Some(&without)).unwrap().contains(".maxntid"));
}

#[test]
fn an_entry_whose_body_opens_elsewhere_is_refused() {
    let limits = Limits::parse(&format!("{ROW}threads = 288\n")).unwrap();
    let text = TEXT.replace("kernel_param_0\n)\n{\n", "kernel_param_0\n) {\n");
    assert!(
        define(&text, Some(&limits)).is_err_and(|error| error.to_string().contains("`kernel`"))
    );
}
