//! Reads a TFLite file into a [`Graph`], in time and memory bounded by the file.

mod options;

use isokern_model::header::{OPERATORS_MAX, TENSORS_MAX};

use crate::builtin;
use crate::error::{GraphFault, ImportError, TfliteError, UnsupportedOperator};
use crate::flatbuffer::{Field, Table, Tables};
use crate::foreign::{ForeignFile, START_BYTES};
use crate::graph::{Graph, GraphOperator, GraphTensor, Quantization, escaped};
use crate::lower;
use crate::schema::{
    self, IDENTIFIER, VERSION, buffer, model, operator, operator_code, quantization, sub_graph,
    tensor,
};

/// Buffers and operator codes that are read at most; each needs a table of its own.
const ENTRIES_MAX: usize = 1 << 16;

/// Reads the first graph of a file, which is the one that TFLite Micro runs.
///
/// Operators that Isokern does not have are all listed in the error.
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
    // What runs is the first one. Others run where an operator calls them, and none that does is
    // lowered.
    let Some(unused_subgraph_count) = graphs.count(usize::MAX)?.checked_sub(1) else {
        return Err(GraphFault::Subgraphs.into());
    };
    let graph = graphs.at(0)?;
    let operators = operators(&root, &graph)?;
    let tensors = tensors(file, &root, &graph)?;
    let ends = |field, what| ends(&graph, field, what, tensors.len());
    let inputs = ends(sub_graph::INPUTS, "inputs")?;
    let outputs = ends(sub_graph::OUTPUTS, "outputs")?;
    let file_bytes = file.len();
    Ok(Graph { inputs, outputs, tensors, operators, unused_subgraph_count, file_bytes })
}

/// The indices of the inputs or outputs.
fn ends(
    graph: &Table<'_>,
    field: Field,
    what: &'static str,
    tensor_count: usize,
) -> Result<Vec<usize>, ImportError> {
    let list = graph.vector(field)?;
    if !(1..=TENSORS_MAX).contains(&list.len()) {
        let found = list.len();
        return Err(GraphFault::Ends { what, found }.into());
    }
    let index = |index: &[u8; 4]| {
        let index = usize::try_from(i32::from_le_bytes(*index)).ok();
        index.filter(|&index| index < tensor_count).ok_or_else(|| graph.outside(field))
    };
    Ok(list.iter().map(index).collect::<Result<_, TfliteError>>()?)
}

fn operators<'f>(
    root: &Table<'f>,
    graph: &Table<'f>,
) -> Result<Vec<GraphOperator<'f>>, ImportError> {
    let codes = root.tables(model::OPERATOR_CODES, operator_code::TABLE)?;
    codes.count(ENTRIES_MAX)?;
    let tables = graph.tables(sub_graph::OPERATORS, operator::TABLE)?;
    let count = tables.count(OPERATORS_MAX)?;
    if count == 0 {
        return Err(GraphFault::Empty.into());
    }
    let mut operators = Vec::with_capacity(count);
    let mut unsupported = Vec::new();
    for index in 0..count {
        let table = tables.at(index)?;
        match supported_name(&codes, &table)? {
            Ok(name) => operators.push(read_operator(&table, name)?),
            Err(name) => unsupported.push(UnsupportedOperator { index, name }),
        }
    }
    if unsupported.is_empty() { Ok(operators) } else { Err(lower::unsupported(unsupported)) }
}

/// Returns the name of an operator that is lowered, or what messages call another one.
fn supported_name(
    codes: &Tables<'_>,
    table: &Table<'_>,
) -> Result<Result<&'static str, String>, TfliteError> {
    let index = table.u32(operator::OPCODE_INDEX)? as usize;
    let outside = |_| table.outside(operator::OPCODE_INDEX);
    let code = codes.at(index).map_err(outside)?;
    // The number outgrew its byte; files carry it in one field or in both.
    let old = u32::from(code.u8(operator_code::DEPRECATED_BUILTIN_CODE, 0)?);
    let number = code.i32(operator_code::BUILTIN_CODE, 0)?;
    let number = u32::try_from(number).map_or(old, |number| number.max(old));
    if number == builtin::CUSTOM {
        let name = escaped(code.bytes(operator_code::CUSTOM_CODE)?);
        return Ok(Err(format!("CUSTOM `{name}`")));
    }
    Ok(match builtin::name(number) {
        Some(name) if lower::is_supported(name) => Ok(name),
        Some(name) => Err(name.to_owned()),
        None => Err(format!("builtin {number}")),
    })
}

fn read_operator<'f>(
    table: &Table<'f>,
    name: &'static str,
) -> Result<GraphOperator<'f>, TfliteError> {
    Ok(GraphOperator {
        name,
        inputs: table.vector(operator::INPUTS)?,
        outputs: table.vector(operator::OUTPUTS)?,
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

/// The bytes of a buffer; none where it has none, which makes a tensor an activation.
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
