//! One file that is open over one link or several: requests go over the one with the fewest under way.

use super::pipe::AT_ONCE;
use bytes::Bytes;
use farwire_model::transfer::{FilesError, OpenFile};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One file that is open over one link or several.
pub(super) struct Spread {
    /// What is done to the file as a whole goes this way, and what another link does not carry.
    pub first: Arc<dyn OpenFile>,
    lanes: Mutex<Vec<Arc<Lane>>>,
}

/// The file over one link.
struct Lane {
    file: Arc<dyn OpenFile>,
    under_way: AtomicUsize,
}

/// One request of a lane; it is under way no more when this is dropped.
struct Taken(Arc<Lane>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lane {
    fn new(file: Arc<dyn OpenFile>) -> Arc<Self> {
        Arc::new(Self {
            file,
            under_way: AtomicUsize::new(0),
        })
    }
}

impl Spread {
    /// A file that is open over one link.
    pub fn new(first: Arc<dyn OpenFile>) -> Arc<Self> {
        Arc::new(Self {
            lanes: Mutex::new(vec![Lane::new(Arc::clone(&first))]),
            first,
        })
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes over another link, too.
    pub fn add(&self, file: Arc<dyn OpenFile>) {
        self.lanes().push(Lane::new(file));
    }

    /// Writes that may be under way at once.
    pub fn writes_at_once(&self) -> usize {
        AT_ONCE * self.lanes().len()
    }

    fn take(&self) -> Taken {
        let lanes = self.lanes();
        let idle = lanes
            .iter()
            .min_by_key(|lane| lane.under_way.load(Ordering::Relaxed));
        let lane = idle.map_or_else(|| Lane::new(Arc::clone(&self.first)), Arc::clone);
        lane.under_way.fetch_add(1, Ordering::Relaxed);
        Taken(lane)
    }

    /// Leaves a link that was lost; `false` for the first, without which nothing goes on.
    fn leave(&self, lost: &Arc<Lane>) -> bool {
        if Arc::ptr_eq(&lost.file, &self.first) {
            return false;
        }
        self.lanes().retain(|lane| !Arc::ptr_eq(lane, lost));
        true
    }

    /// As [`OpenFile::read`].
    pub async fn read(&self, offset: u64, length: u32) -> Result<Bytes, FilesError> {
        let taken = self.take();
        match taken.0.file.read(offset, length).await {
            Err(error) if error.status.is_passing() && self.leave(&taken.0) => {
                self.first.read(offset, length).await
            }
            read => read,
        }
    }

    /// As [`OpenFile::write`].
    pub async fn write(&self, offset: u64, bytes: Bytes) -> Result<(), FilesError> {
        let taken = self.take();
        match taken.0.file.write(offset, bytes.clone()).await {
            Err(error) if error.status.is_passing() && self.leave(&taken.0) => {
                self.first.write(offset, bytes).await
            }
            written => written,
        }
    }

    /// Closes it over every link but the first, and says whether all went well.
    pub async fn close_others(&self) -> Result<(), FilesError> {
        let others: Vec<_> = self.lanes().split_off(1);
        for lane in others {
            match lane.file.close().await {
                // All that was written is there: a link that is gone by now has nothing more to say.
                Err(error) if error.status.is_passing() => {}
                closed => closed?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farwire_model::transfer::{Attributes, FileFuture, FileStatus};

    /// A file in memory, over a link that may be lost.
    #[derive(Default)]
    struct Fake {
        content: Arc<Mutex<Vec<u8>>>,
        is_lost: bool,
        asked: AtomicUsize,
    }

    impl Fake {
        fn over(content: &Arc<Mutex<Vec<u8>>>, is_lost: bool) -> Arc<Self> {
            Arc::new(Self {
                content: Arc::clone(content),
                is_lost,
                asked: AtomicUsize::new(0),
            })
        }

        fn answer<T: Send + 'static>(
            &self,
            answer: impl FnOnce(&mut Vec<u8>) -> T,
        ) -> FileFuture<'_, T> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = match self.is_lost {
                true => Err(FilesError::new(FileStatus::ConnectionLost, "lost")),
                false => Ok(answer(&mut self.content.lock().unwrap())),
            };
            Box::pin(async {
                tokio::task::yield_now().await;
                answer
            })
        }
    }

    impl OpenFile for Fake {
        fn attributes(&self) -> FileFuture<'_, Attributes> {
            self.answer(|_| Attributes::default())
        }
        fn set_attributes<'a>(&'a self, _: &'a Attributes) -> FileFuture<'a, ()> {
            self.answer(|_| ())
        }
        fn read(&self, offset: u64, length: u32) -> FileFuture<'_, Bytes> {
            let (from, length) = (offset as usize, length as usize);
            self.answer(|content| {
                let end = (from + length).min(content.len());
                Bytes::copy_from_slice(&content[from.min(end)..end])
            })
        }
        fn write(&self, offset: u64, bytes: Bytes) -> FileFuture<'_, ()> {
            let (from, end) = (offset as usize, offset as usize + bytes.len());
            self.answer(|content| {
                content.resize(content.len().max(end), 0);
                content[from..end].copy_from_slice(&bytes);
            })
        }
        fn read_size(&self) -> u32 {
            7
        }
        fn write_size(&self) -> u32 {
            5
        }
        fn reads_at_once(&self) -> usize {
            AT_ONCE
        }
        fn sync(&self) -> FileFuture<'_, bool> {
            self.answer(|_| true)
        }
        fn close(&self) -> FileFuture<'_, ()> {
            self.answer(|_| ())
        }
    }

    fn asked(fake: &Fake) -> usize {
        fake.asked.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn several_links_share_the_work_and_a_lost_one_leaves_it_to_the_first() {
        let content: Vec<u8> = (0..5000_u32).map(|at| (at * 7 % 251) as u8).collect();
        for is_lost in [false, true] {
            let source = Arc::new(Mutex::new(content.clone()));
            let target = Arc::new(Mutex::new(Vec::new()));
            let (from, to) = (Fake::over(&source, false), Fake::over(&target, false));
            let (more_from, more_to) = (Fake::over(&source, is_lost), Fake::over(&target, is_lost));
            let (reads, writes) = (Spread::new(from.clone()), Spread::new(to.clone()));
            reads.add(more_from.clone());
            writes.add(more_to.clone());
            let end = content.len() as u64;
            super::super::pipe::copy(&reads, &writes, 0, end, u64::MAX, |_| {})
                .await
                .unwrap();
            assert!(*target.lock().unwrap() == content, "lost: {is_lost}");
            for (first, more) in [(&from, &more_from), (&to, &more_to)] {
                let pieces = asked(first) + asked(more);
                assert!(asked(more) > 0);
                assert!(
                    is_lost || asked(more) > pieces / 3,
                    "{} of {pieces}",
                    asked(more)
                );
            }
            assert_eq!(
                reads.writes_at_once(),
                if is_lost { AT_ONCE } else { 2 * AT_ONCE }
            );
        }
    }

    #[tokio::test]
    async fn without_its_first_link_nothing_goes_on() {
        let content = Arc::new(Mutex::new(vec![1; 10]));
        let spread = Spread::new(Fake::over(&content, true));
        let error = spread.read(0, 5).await.unwrap_err();
        assert!(error.status.is_passing());
        assert_eq!(spread.writes_at_once(), AT_ONCE);
    }
}
