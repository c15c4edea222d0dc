//! Reads a TFLite file into a [`Graph`], in time and memory bounded by the file.

mod options;

use isokern_model::header::{OPERATORS_MAX, TENSORS_MAX};

use crate::builtin;
use crate::error::{GraphFault, ImportError, TfliteError};
use crate::flatbuffer::{Field, Table, Tables};
use crate::foreign::{ForeignFile, START_BYTES};
use crate::graph::{
    CALL_ONCE, CUSTOM, FromOption, Graph, GraphOperator, GraphTensor, INIT_SUBGRAPH, Quantization,
    escaped,
};
use crate::schema::{
    self, IDENTIFIER, VERSION, buffer, model, operator, operator_code, quantization, sub_graph,
    tensor,
};

/// Buffers and operator codes that are read at most; each needs a table of its own.
const ENTRIES_MAX: usize = 1 << 16;

/// Graphs that one file calls at most; each may share all its tables with the others.
const CALLED_MAX: usize = 16;

/// Reads the first graph of a file, which is the one that TFLite Micro runs, and those it calls.
pub(crate) fn read(file: &[u8]) -> Result<Graph<'_>, ImportError> {
    if file.get(4..8) != Some(&IDENTIFIER) {
        let start = file.get(..START_BYTES).unwrap_or(file);
        return Err(TfliteError::Identifier { found: ForeignFile::of(start) }.into());
    }
    let root = Table::root(file, model::TABLE)?;
    let version = root.u32(model::VERSION)?;
    if version != VERSION {
        return Err(TfliteError::Version { found: version }.into());
    }
    let graphs = root.tables(model::SUBGRAPHS, sub_graph::TABLE)?;
    let count = graphs.count(usize::MAX)?;
    if count == 0 {
        return Err(GraphFault::Subgraphs.into());
    }
    let mut graph = read_graph(file, &root, &graphs.at(0)?)?;
    if graph.operators.is_empty() {
        return Err(GraphFault::Empty.into());
    }
    for (what, list) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
        if list.is_empty() {
            return Err(GraphFault::Ends { what, found: 0 }.into());
        }
    }
    for number in called(&graph) {
        // One that is not there is a fault of the operator that calls it.
        if number < count {
            let called = read_graph(file, &root, &graphs.at(number)?)?;
            graph.called.push((number, called));
        }
    }
    graph.unused_subgraph_count = count - 1 - graph.called.len();
    Ok(graph)
}

/// Returns the numbers of the graphs that operators of this one call, once each, the first
/// excluded.
fn called(graph: &Graph<'_>) -> Vec<usize> {
    let mut numbers = Vec::new();
    for operator in graph.operators.iter().filter(|operator| operator.name == CALL_ONCE) {
        let number = operator.option(INIT_SUBGRAPH).and_then(i32::from_option);
        let number = number.and_then(|number| usize::try_from(number).ok());
        numbers.extend(number.filter(|&number| number > 0 && !numbers.contains(&number)));
        numbers.truncate(CALLED_MAX);
    }
    numbers
}

fn read_graph<'f>(
    file: &'f [u8],
    root: &Table<'f>,
    graph: &Table<'f>,
) -> Result<Graph<'f>, ImportError> {
    let operators = operators(root, graph)?;
    let tensors = tensors(file, root, graph)?;
    let ends = |field| ends(graph, field, tensors.len());
    let (inputs, outputs) = (ends(sub_graph::INPUTS)?, ends(sub_graph::OUTPUTS)?);
    let (called, unused_subgraph_count, file_bytes) = (Vec::new(), 0, file.len());
    Ok(Graph { inputs, outputs, tensors, operators, called, unused_subgraph_count, file_bytes })
}

/// Returns the indices of the inputs or outputs.
fn ends(graph: &Table<'_>, field: Field, tensor_count: usize) -> Result<Vec<usize>, TfliteError> {
    let index = |index: &[u8; 4]| {
        let index = usize::try_from(i32::from_le_bytes(*index)).ok();
        index.filter(|&index| index < tensor_count).ok_or_else(|| graph.outside(field))
    };
    capped(graph, field)?.iter().map(index).collect()
}

/// Returns a list of tensors, which is not longer than there can be tensors.
fn capped<'f>(table: &Table<'f>, field: Field) -> Result<&'f [[u8; 4]], TfliteError> {
    let list = table.vector(field)?;
    if list.len() > TENSORS_MAX {
        return Err(table.too_many(field, list.len(), TENSORS_MAX));
    }
    Ok(list)
}

fn operators<'f>(
    root: &Table<'f>,
    graph: &Table<'f>,
) -> Result<Vec<GraphOperator<'f>>, TfliteError> {
    let codes = root.tables(model::OPERATOR_CODES, operator_code::TABLE)?;
    codes.count(ENTRIES_MAX)?;
    let tables = graph.tables(sub_graph::OPERATORS, operator::TABLE)?;
    let count = tables.count(OPERATORS_MAX)?;
    (0..count).map(|index| read_operator(&codes, &tables.at(index)?)).collect()
}

/// Returns the schema's name of an operator, and what messages call one for which that says too
/// little.
fn operator_name(
    codes: &Tables<'_>,
    table: &Table<'_>,
) -> Result<(&'static str, Option<String>), TfliteError> {
    let index = table.u32(operator::OPCODE_INDEX)? as usize;
    let outside = |_| table.outside(operator::OPCODE_INDEX);
    let code = codes.at(index).map_err(outside)?;
    // The number outgrew its byte; files carry it in one field or in both.
    let old = u32::from(code.u8(operator_code::DEPRECATED_BUILTIN_CODE, 0)?);
    let number = code.i32(operator_code::BUILTIN_CODE, 0)?;
    let number = u32::try_from(number).map_or(old, |number| number.max(old));
    if number == builtin::CUSTOM {
        let name = escaped(code.bytes(operator_code::CUSTOM_CODE)?);
        return Ok((CUSTOM, Some(format!("{CUSTOM} `{name}`"))));
    }
    Ok(match builtin::name(number) {
        Some(name) => (name, None),
        None => ("UNKNOWN", Some(format!("builtin {number}"))),
    })
}

fn read_operator<'f>(
    codes: &Tables<'f>,
    table: &Table<'f>,
) -> Result<GraphOperator<'f>, TfliteError> {
    let (name, label) = operator_name(codes, table)?;
    Ok(GraphOperator {
        name,
        label,
        inputs: capped(table, operator::INPUTS)?,
        outputs: capped(table, operator::OUTPUTS)?,
        options: options::read(table, name)?,
    })
}

fn tensors<'f>(
    file: &'f [u8],
    root: &Table<'f>,
    graph: &Table<'f>,
) -> Result<Vec<GraphTensor<'f>>, TfliteError> {
    let buffers = root.tables(model::BUFFERS, buffer::TABLE)?;
    buffers.count(ENTRIES_MAX)?;
    let tables = graph.tables(sub_graph::TENSORS, tensor::TABLE)?;
    let count = tables.count(TENSORS_MAX)?;
    (0..count).map(|index| read_tensor(file, &buffers, &tables.at(index)?)).collect()
}

fn read_tensor<'f>(
    file: &'f [u8],
    buffers: &Tables<'f>,
    table: &Table<'f>,
) -> Result<GraphTensor<'f>, TfliteError> {
    let buffer_index = table.u32(tensor::BUFFER)? as usize;
    let buffer = buffers.at(buffer_index).map_err(|_| table.outside(tensor::BUFFER))?;
    let quantization = table.table(tensor::QUANTIZATION, quantization::TABLE)?;
    Ok(GraphTensor {
        name: table.bytes(tensor::NAME)?,
        shape: table.vector(tensor::SHAPE)?,
        element: schema::element(table.u8(tensor::TYPE, 0)?),
        quantization: quantization
            .map_or(Ok(Quantization::default()), |q| read_quantization(&q))?,
        data: data(file, &buffer)?,
        is_sparse: table.table(tensor::SPARSITY, "SparsityParameters")?.is_some(),
    })
}

fn read_quantization<'f>(table: &Table<'f>) -> Result<Quantization<'f>, TfliteError> {
    Ok(Quantization {
        scales: table.vector(quantization::SCALE)?,
        zero_points: table.vector(quantization::ZERO_POINT)?,
        dimension: table.i32(quantization::QUANTIZED_DIMENSION, 0)?,
        is_custom: table.u8(quantization::DETAILS_TYPE, 0)? != 0,
    })
}

/// Returns the bytes of a buffer; none where it has none, which makes a tensor an activation.
fn data<'f>(file: &'f [u8], table: &Table<'f>) -> Result<Option<&'f [u8]>, TfliteError> {
    let inside = table.bytes(buffer::DATA)?;
    let (offset, size) = (table.u64(buffer::OFFSET)?, table.u64(buffer::SIZE)?);
    // The schema reserves 0 and 1; converters write them where there is nothing.
    if !inside.is_empty() || offset <= 1 || size <= 1 {
        return Ok((!inside.is_empty()).then_some(inside));
    }
    let start = usize::try_from(offset).ok();
    let end = offset.checked_add(size).and_then(|end| usize::try_from(end).ok());
    let range = start.zip(end).and_then(|(start, end)| file.get(start..end));
    range.map(Some).ok_or_else(|| table.outside(buffer::OFFSET))
}
