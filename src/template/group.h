#ifndef LLAMBA_TEMPLATE_GROUP_H_
#define LLAMBA_TEMPLATE_GROUP_H_

#include "template/value.h"

namespace llamba::jinja {

// One group of the filter groupby: a pair that also has the attributes
// `grouper` and `list`.
Value MakeGroup(Value grouper, Value list);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_GROUP_H_
