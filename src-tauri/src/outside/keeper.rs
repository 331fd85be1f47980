//! One file that is open outside: watched, brought back to its machine when it was saved, removed when it is done with.

use super::copy::{CopyError, FileCopy, Stamp};
use farwire_model::transfer::Files;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the copy is looked at. One that still changes from one look to the next is left alone until it does not.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a file stands, to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The machine has what the copy has.
    Open,
    /// It is brought back.
    Saving,
    /// The machine's file was changed by somebody else: a person decides.
    Asking,
    /// It was not brought back.
    Failed,
    /// The session ended before it was brought back; the copy stays until a person closes it.
    Kept,
}

/// What a person wants of a file that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Bring it back now, in the place of whatever is there.
    Overwrite,
    /// Try again to bring it back, unless it was changed there.
    Retry,
    /// Bring it back if it was saved, and end.
    Close,
    /// End, whatever was saved.
    Discard,
}

/// What a keeper asks of those around it.
pub trait Around: Send {
    /// The machine's files; `None` while its link is down. An error once the session is over.
    fn files(&self) -> Result<Option<Arc<dyn Files>>, Over>;
    /// Tells how the file stands, and what went wrong.
    fn tell(&self, state: State, problem: Option<String>);
    /// Tells that the machine has what was saved.
    fn saved(&self);
}

/// The session is over.
#[derive(Clone, Copy, Debug)]
pub struct Over;

/// Keeps one file.
pub struct Keeper<A> {
    copy: FileCopy,
    around: A,
    state: State,
    problem: Option<String>,
    /// What was last brought back, or seen to be no change.
    done: Option<Stamp>,
    /// What it was at the last look.
    last: Option<Stamp>,
}

impl<A: Around> Keeper<A> {
    /// Keeps a copy that was just fetched.
    pub fn new(copy: FileCopy, around: A) -> Self {
        Self {
            copy,
            around,
            state: State::Open,
            problem: None,
            // A program may have saved it already.
            done: None,
            last: None,
        }
    }

    /// Keeps it until somebody closes it, the session is over or `cancel` is called. The copy is removed then, unless the machine
    /// never got what is in it.
    pub async fn run(mut self, mut wishes: mpsc::Receiver<Wish>, cancel: CancellationToken) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let wish = tokio::select! {
                () = cancel.cancelled() => None,
                wish = wishes.recv() => Some(wish),
                _ = looks.tick() => {
                    if self.look().await.is_break() {
                        return;
                    }
                    continue;
                }
            };
            match wish {
                Some(Some(Wish::Overwrite)) => self.bring_back(true).await,
                Some(Some(Wish::Retry)) => self.bring_back(false).await,
                Some(Some(Wish::Discard)) => return self.copy.remove(),
                Some(Some(Wish::Close)) => {
                    if self.flush().await {
                        return self.copy.remove();
                    }
                }
                // The program ends, or nobody is left to wish anything.
                Some(None) | None => {
                    if self.flush().await {
                        self.copy.remove();
                    } else {
                        tracing::warn!(file = %self.copy.file().display(), "what was saved is only here");
                    }
                    return;
                }
            }
        }
    }

    /// Looks whether something was saved, and brings it back.
    async fn look(&mut self) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        if self.state == State::Kept {
            return Continue(());
        }
        let is_over = self.around.files().is_err();
        let now = self.copy.stamp();
        let is_still = now == std::mem::replace(&mut self.last, now);
        if is_over {
            if !self.is_changed().await {
                self.copy.remove();
                return Break(());
            }
            let message = format!(
                "the session ended before it was saved there: what you wrote is in {} until you close it here",
                self.copy.file().display()
            );
            self.set(State::Kept, Some(message));
        } else if is_still && now.is_some() && now != self.done {
            self.bring_back(false).await;
        }
        Continue(())
    }

    /// Whether the copy has what the machine has, after what may have been saved is brought back.
    async fn flush(&mut self) -> bool {
        if self.state != State::Kept && self.is_changed().await {
            self.bring_back(false).await;
        }
        !self.is_changed().await
    }

    /// One that is not there any more has nothing to bring back. What cannot be read, or has grown too large, may be somebody's work.
    async fn is_changed(&self) -> bool {
        self.copy.stamp().is_some() && self.copy.is_changed().await.unwrap_or(true)
    }

    async fn bring_back(&mut self, overwrites: bool) {
        let stamp = self.copy.stamp();
        match self.copy.is_changed().await {
            Ok(false) if !overwrites => {
                // Saved without a change, or back to what it was.
                self.done = stamp;
                return self.set(State::Open, None);
            }
            Ok(_) => {}
            Err(error) => {
                self.done = stamp;
                return self.set(State::Failed, Some(said(&error)));
            }
        }
        let Ok(Some(files)) = self.around.files() else {
            // Not done: it is tried again at each look.
            let message = "the machine is not connected: it is saved there once it is back";
            return self.set(State::Failed, Some(message.to_owned()));
        };
        self.set(State::Saving, None);
        let sent = self.copy.send(files, overwrites).await;
        self.done = stamp;
        match sent {
            Ok(()) => {
                self.around.saved();
                self.set(State::Open, None);
            }
            Err(error @ CopyError::ChangedThere { .. }) => {
                self.set(State::Asking, Some(said(&error)));
            }
            Err(error) => self.set(State::Failed, Some(said(&error))),
        }
    }

    fn set(&mut self, state: State, problem: Option<String>) {
        if (self.state, &self.problem) != (state, &problem) {
            (self.state, self.problem) = (state, problem.clone());
            self.around.tell(state, problem);
        }
    }
}

/// An error with what caused it.
pub fn said(error: &CopyError) -> String {
    match error {
        CopyError::Here { source, .. } => format!("{error}: {source}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::copy::MAX_BYTES;
    use super::*;
    use farwire_core::transfer::local_files;
    use farwire_model::transfer::RemotePath;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::sync::Mutex;

    /// What a test says of the session, and hears.
    #[derive(Clone)]
    struct Fake {
        link: Arc<Mutex<Result<bool, Over>>>,
        told: mpsc::UnboundedSender<State>,
    }

    impl Around for Fake {
        fn files(&self) -> Result<Option<Arc<dyn Files>>, Over> {
            let is_up = (*self.link.lock().unwrap())?;
            Ok(is_up.then(local_files))
        }

        fn tell(&self, state: State, _: Option<String>) {
            self.told.send(state).unwrap();
        }

        fn saved(&self) {}
    }

    struct Run {
        link: Arc<Mutex<Result<bool, Over>>>,
        told: mpsc::UnboundedReceiver<State>,
        wishes: mpsc::Sender<Wish>,
        cancel: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    /// Keeps a copy of the file `there` of a folder, in its folder `copy`.
    async fn keep(folder: &Path) -> Run {
        let there = folder.join("there");
        fs::write(&there, "one").unwrap();
        let remote = RemotePath::new(there.as_os_str().as_bytes()).unwrap();
        let fetched = FileCopy::fetch(&*local_files(), remote, folder.join("copy")).await;
        let link = Arc::new(Mutex::new(Ok(true)));
        let (told, hears) = mpsc::unbounded_channel();
        let around = Fake {
            link: Arc::clone(&link),
            told,
        };
        let keeper = Keeper::new(fetched.unwrap(), around);
        let (wishes, heard) = mpsc::channel(4);
        let cancel = CancellationToken::new();
        Run {
            link,
            told: hears,
            wishes,
            task: tokio::spawn(keeper.run(heard, cancel.clone())),
            cancel,
        }
    }

    fn write(folder: &Path, text: &str) {
        fs::write(folder.join("copy/there"), text).unwrap();
    }

    fn there(folder: &Path) -> String {
        fs::read_to_string(folder.join("there")).unwrap()
    }

    #[tokio::test]
    async fn what_was_saved_without_a_link_goes_once_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = keep(folder.path()).await;
        *run.link.lock().unwrap() = Ok(false);
        write(folder.path(), "two");
        assert_eq!(run.told.recv().await, Some(State::Failed));
        *run.link.lock().unwrap() = Ok(true);
        assert_eq!(run.told.recv().await, Some(State::Saving));
        assert_eq!(run.told.recv().await, Some(State::Open));
        assert_eq!(there(folder.path()), "two");
        // Saved just before it is closed.
        write(folder.path(), "three");
        run.wishes.send(Wish::Close).await.unwrap();
        run.task.await.unwrap();
        assert_eq!(there(folder.path()), "three");
        assert!(!folder.path().join("copy").exists());
    }

    #[tokio::test]
    async fn what_has_grown_too_large_is_not_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = keep(folder.path()).await;
        let copy = fs::File::options()
            .write(true)
            .open(folder.path().join("copy/there"));
        copy.unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(run.told.recv().await, Some(State::Failed));
        *run.link.lock().unwrap() = Err(Over);
        assert_eq!(run.told.recv().await, Some(State::Kept));
        run.cancel.cancel();
        run.task.await.unwrap();
        assert!(folder.path().join("copy/there").exists());
    }

    #[tokio::test]
    async fn trying_again_asks_before_it_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = keep(folder.path()).await;
        *run.link.lock().unwrap() = Ok(false);
        write(folder.path(), "two");
        assert_eq!(run.told.recv().await, Some(State::Failed));
        fs::write(folder.path().join("there"), "somebody else's").unwrap();
        *run.link.lock().unwrap() = Ok(true);
        run.wishes.send(Wish::Retry).await.unwrap();
        while run.told.recv().await.expect("it asks") != State::Asking {}
        assert_eq!(there(folder.path()), "somebody else's");
        run.wishes.send(Wish::Overwrite).await.unwrap();
        while run.told.recv().await.expect("it is brought back") != State::Open {}
        assert_eq!(there(folder.path()), "two");
        run.wishes.send(Wish::Close).await.unwrap();
        run.task.await.unwrap();
    }

    #[tokio::test]
    async fn what_no_machine_has_outlives_the_session_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let run = keep(folder.path()).await;
        *run.link.lock().unwrap() = Err(Over);
        run.task.await.unwrap();
        assert!(!folder.path().join("copy").exists());

        let mut run = keep(folder.path()).await;
        *run.link.lock().unwrap() = Ok(false);
        write(folder.path(), "two");
        *run.link.lock().unwrap() = Err(Over);
        // It may have been tried before.
        while run.told.recv().await.expect("it is kept") != State::Kept {}
        run.wishes.send(Wish::Close).await.unwrap();
        run.wishes.send(Wish::Discard).await.unwrap();
        run.task.await.unwrap();
        assert!(!folder.path().join("copy").exists());
        assert_eq!(there(folder.path()), "one");

        let run = keep(folder.path()).await;
        *run.link.lock().unwrap() = Ok(false);
        write(folder.path(), "three");
        run.cancel.cancel();
        run.task.await.unwrap();
        assert!(folder.path().join("copy/there").exists());
    }
}
