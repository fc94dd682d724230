//! Tells the code which version of Python it is built for (`cfg(Py_3_14)` and so on).

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
