//! A scripted upstream, a load generator and a report, all in virtual time.
