//! Runs litmus tests by seed.

use std::sync::Arc;

use isokern_simcuda::machine::Launch;
use isokern_simcuda::memory::{Kind, Memory};
use isokern_simcuda::program::{Limits, Program};
use isokern_simcuda::replay::Replay;

use super::kernels::{Placement, SLOT_BYTES, SLOTS, Scope, Strength, Test, kernel, text};

/// A loaded kernel and its memory: both are kept over seeds.
pub(crate) struct Loaded {
    memory: Arc<Memory>,
    program: Arc<Program>,
    out: u64,
    bytes: u64,
}

impl Loaded {
    pub(crate) fn new(text: &str, bytes: u64, kind: Kind) -> Self {
        let memory = Arc::new(Memory::new(1 << 20));
        let program = Program::load(text, &memory, Limits { isa: (7, 8), sm: 90 });
        let program = Arc::new(program.unwrap_or_else(|error| panic!("{error}\n{text}")));
        let out = memory.allocate(bytes, kind).unwrap();
        Self { memory, program, out, bytes }
    }

    pub(crate) fn begin(&self, seed: u64, blocks: u32, threads: u32) -> Replay {
        self.memory.write(self.out, &vec![0; self.bytes as usize]).unwrap();
        let mut replay = Replay::weak(&self.memory, seed);
        replay.launch(
            &self.program,
            Launch {
                entry: self.program.entry("k").unwrap(),
                grid: [blocks, 1, 1],
                block: [threads, 1, 1],
                dynamic_shared: 0,
                parameters: self.out.to_le_bytes().to_vec(),
                resident_max: 8,
            },
        );
        replay
    }

    pub(crate) const fn address(&self, offset: u64) -> u64 {
        self.out + offset
    }

    pub(crate) fn word(&self, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        self.memory.read(self.out + offset, &mut bytes).unwrap();
        u32::from_le_bytes(bytes)
    }
}

/// One cell of the table.
pub(crate) struct Cell {
    loaded: Loaded,
    test: Test,
    blocks: u32,
    threads: u32,
}

impl Cell {
    pub(crate) fn new(test: Test, placement: Placement, scope: Scope, strength: Strength) -> Self {
        let text = text(test, placement, scope, strength);
        let roles = u32::try_from(test.roles().len()).unwrap();
        let (blocks, threads) = match placement {
            Placement::OwnBlocks => (roles, 1),
            Placement::OneBlock => (1, 32 * roles),
        };
        let loaded = Loaded::new(&text, SLOTS * SLOT_BYTES, Kind::Device);
        Self { loaded, test, blocks, threads }
    }

    /// In how many slots a seed sees the outcome.
    pub(crate) fn seen(&self, seed: u64) -> usize {
        let mut replay = self.loaded.begin(seed, self.blocks, self.threads);
        assert!(replay.finish(1_000_000).unwrap(), "seed {seed} does not end");
        let slots = (0..SLOTS).filter(|slot| {
            let at = slot * SLOT_BYTES + 128;
            let words = (0_u64..).zip(self.test.outcome());
            words.into_iter().all(|(index, wanted)| self.loaded.word(at + 4 * index) == *wanted)
        });
        slots.count()
    }
}

/// Block 1 waits for a word that block 2 releases, then for block 0's flag without acquiring it,
/// and reads block 0's data: whether it is stale.
pub(crate) fn unrelated(seed: u64) -> bool {
    let body = "mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p0, %r1, 1;\n@%p0 bra READ;\n\
        setp.eq.u32 %p0, %r1, 2;\n@%p0 bra OTHER;\n\
        st.global.u32 [%rd0], 1;\nst.release.gpu.global.u32 [%rd0+64], 1;\nret;\n\
        OTHER:\nst.release.gpu.global.u32 [%rd0+128], 1;\nret;\n\
        READ:\nld.relaxed.gpu.global.u32 %r2, [%rd0+64];\nsetp.eq.u32 %p1, %r2, 0;\n\
        @%p1 bra READ;\n\
        AGAIN:\nld.acquire.gpu.global.u32 %r2, [%rd0+128];\nsetp.eq.u32 %p1, %r2, 0;\n\
        @%p1 bra AGAIN;\n\
        ld.global.u32 %r3, [%rd0];\nst.global.u32 [%rd0+192], %r3;";
    let loaded = Loaded::new(&kernel(body), 256, Kind::Device);
    assert!(loaded.begin(seed, 3, 1).finish(1_000_000).unwrap());
    loaded.word(192) == 0
}

/// Block 1 waits for block 0's flag without acquiring it, and reads the data through what only a
/// compiler would keep in order.
pub(crate) fn dependent(between: &str, seed: u64) -> bool {
    let between = match between {
        "address" => "and.b32 %r4, %r2, 0;\ncvt.u64.u32 %rd1, %r4;\nadd.u64 %rd1, %rd0, %rd1;",
        "vote" => "vote.sync.any.pred %p2, %p1, 1;\nmov.u64 %rd1, %rd0;",
        _ => "shfl.sync.idx.b32 %r4, %r2, 0, 31, 1;\nmov.u64 %rd1, %rd0;",
    };
    let body = format!(
        "mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p0, %r1, 1;\n@%p0 bra READ;\n\
         st.global.u32 [%rd0], 1;\nst.release.gpu.global.u32 [%rd0+64], 1;\nret;\n\
         READ:\nld.relaxed.gpu.global.u32 %r2, [%rd0+64];\nsetp.eq.u32 %p1, %r2, 0;\n\
         @%p1 bra READ;\n{between}\nld.global.u32 %r3, [%rd1];\nst.global.u32 [%rd0+192], %r3;"
    );
    let loaded = Loaded::new(&kernel(&body), 256, Kind::Device);
    assert!(loaded.begin(seed, 2, 1).finish(1_000_000).unwrap());
    loaded.word(192) == 0
}

/// Returns whether data is stale that the host stores before a flag, which `load` waits for.
/// What the host uploads is long: the age of what a load may see must be more.
pub(crate) fn from_host(load: &str, seed: u64) -> bool {
    const WORDS: u64 = 1024;
    let body = format!(
        "READ:\n{load} %r2, [%rd0];\nsetp.eq.u32 %p1, %r2, 0;\n@%p1 bra READ;\n\
         ld.global.u32 %r3, [%rd0+64];\nst.global.u32 [%rd0+4], %r3;"
    );
    let loaded = Loaded::new(&kernel(&body), 64 + 4 * WORDS, Kind::Pinned);
    let mut replay = loaded.begin(seed, 1, 1);
    for word in 0..WORDS {
        replay.host_store(loaded.out + 64 + 4 * word, 4, 1).unwrap();
    }
    replay.host_store(loaded.out, 4, 1).unwrap();
    assert!(replay.finish(1_000_000).unwrap());
    loaded.word(4) == 0
}

/// Block 0 acquires from the host for the system and releases for the device; a thread of block 1
/// acquires that and meets the others at a barrier; the last of them reads the host's data.
pub(crate) fn handed_on(seed: u64) -> bool {
    let body = "mov.u32 %r0, %tid.x;\nmov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p0, %r1, 1;\n\
        @%p0 bra LAST;\n\
        HOST:\nld.acquire.sys.u32 %r2, [%rd0];\nsetp.eq.u32 %p1, %r2, 0;\n@%p1 bra HOST;\n\
        st.release.gpu.global.u32 [%rd0+128], 1;\nret;\n\
        LAST:\nsetp.ne.u32 %p0, %r0, 0;\n@%p0 bra MEET;\n\
        WAIT:\nld.acquire.gpu.global.u32 %r2, [%rd0+128];\nsetp.eq.u32 %p1, %r2, 0;\n\
        @%p1 bra WAIT;\n\
        MEET:\nbar.sync 0;\nld.global.u32 %r3, [%rd0+64];\nsetp.ne.u32 %p2, %r0, 63;\n\
        @%p2 ret;\nst.global.u32 [%rd0+192], %r3;";
    let loaded = Loaded::new(&kernel(body), 256, Kind::Pinned);
    let mut replay = loaded.begin(seed, 2, 64);
    replay.host_store(loaded.out + 64, 4, 1).unwrap();
    replay.host_store(loaded.out, 4, 1).unwrap();
    assert!(replay.finish(1_000_000).unwrap());
    loaded.word(192) == 0
}
