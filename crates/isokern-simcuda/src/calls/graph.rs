//! Graphs: instantiation and launch.

use crate::driver::entry::{Session, calls};
use crate::driver::pointers::Out;
use crate::driver::status::{Outcome, Status};
use crate::driver::task::Task;

/// What `cuGraphInstantiateWithParams` reads and answers.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct InstantiateParams {
    /// Flags as of `cuGraphInstantiateWithFlags`.
    pub flags: u64,
    /// The stream to upload in, with the flag for that.
    pub upload_stream: u64,
    /// The node that was refused.
    pub error_node: u64,
    /// 0 for success.
    pub result: u32,
}

/// Upload at once, with the stream of the parameters.
const FLAG_UPLOAD: u64 = 2;
/// Launch from a device.
const FLAG_DEVICE_LAUNCH: u64 = 4;
/// Free memory of an earlier launch, use node priorities: nothing to do without such nodes.
const FLAGS_KNOWN: u64 = 1 | FLAG_UPLOAD | FLAG_DEVICE_LAUNCH | 8;

fn instantiate(session: &mut Session, executable: Out<u64>, graph: u64, flags: u64) -> Outcome {
    executable.check()?;
    session.context()?;
    if flags & !FLAGS_KNOWN != 0 {
        return Err(Status::INVALID_VALUE);
    }
    if flags & FLAG_DEVICE_LAUNCH != 0 {
        return Err(session.not_supported("a graph launched by a device"));
    }
    let handle = session.instantiate(graph)?;
    executable.put(handle)
}

calls! {
    /// Makes a graph ready to be launched.
    fn cuGraphInstantiateWithFlags(session, executable: Out<u64>, graph: u64, flags: u64) {
        instantiate(session, executable, graph, flags)
    }

    /// Makes a graph ready to be launched, and says how that went.
    fn cuGraphInstantiateWithParams(
        session,
        executable: Out<u64>,
        graph: u64,
        parameters: Out<InstantiateParams>,
    ) {
        let flags = parameters.get()?.flags;
        if flags & FLAG_UPLOAD != 0 {
            let stream = parameters.get()?.upload_stream;
            session.stream_handle(stream)?;
        }
        instantiate(session, executable, graph, flags)?;
        let mut answer = parameters.get()?;
        answer.error_node = 0;
        answer.result = 0;
        parameters.put(answer)
    }

    /// Prepares the launch of a graph: it is prepared once it is instantiated.
    fn cuGraphUpload(session, executable: u64, stream: u64) {
        session.stream_handle(stream)?;
        session.executables.get(&executable).map(drop).ok_or(Status::INVALID_VALUE)
    }

    /// Runs a graph in a stream, after its own last launch.
    fn cuGraphLaunch(session, executable: u64, stream: u64) {
        let stream = session.stream_handle(stream)?;
        let found = session.executables.get(&executable).ok_or(Status::INVALID_VALUE)?;
        let task = Task::Graph(found.nodes.clone());
        let after = found.last.into_iter().collect();
        let ticket = session.submit_after(stream, task, after)?;
        if let Some(found) = session.executables.get_mut(&executable) {
            found.last = Some(ticket);
        }
        Ok(())
    }

    /// Destroys an instantiated graph; launches of it go on.
    fn cuGraphExecDestroy(session, executable: u64) {
        session.executables.remove(&executable).map(drop).ok_or(Status::INVALID_VALUE)
    }

    /// Destroys a graph; what was instantiated from it stays.
    fn cuGraphDestroy(session, graph: u64) {
        session.graphs.remove(&graph).map(drop).ok_or(Status::INVALID_VALUE)
    }

    /// Returns the nodes of a graph, or their number where `nodes` is null.
    fn cuGraphGetNodes(session, graph: u64, nodes: Out<u64>, count: Out<usize>) {
        let graph = session.graphs.get(&graph).ok_or(Status::INVALID_VALUE)?;
        count.check()?;
        if nodes.check().is_err() {
            return count.put(graph.nodes.len());
        }
        let room = count.get()?;
        let have = graph.nodes.iter().map(|node| node.handle).chain(core::iter::repeat(0));
        nodes.put_all(have.take(room))?;
        count.put(room.min(graph.nodes.len()))
    }
}
