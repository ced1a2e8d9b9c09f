//! The console in a browser, driven the way a person does.
