#include "template/group.h"

#include "template/objects.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

class GroupObject : public Object {
 public:
  GroupObject(Value grouper, Value list)
      : pair_(Value::MakeTuple({std::move(grouper), std::move(list)})) {}
  std::string TypeName() const override { return "_GroupTuple"; }
  std::string Repr(int depth) const override {
    return jinja::Repr(pair_, depth);
  }
  int64_t Length() const override { return 2; }
  std::unique_ptr<Cursor> Iterate() const override {
    return jinja::Iterate(pair_);
  }
  bool GetAttr(std::string_view name, Value* out) const override {
    if (name != "grouper" && name != "list") return false;
    *out = pair_.Items()[name == "list" ? 1 : 0];
    return true;
  }
  bool GetIndex(int64_t index, Value* out) const override {
    if (index < -2 || index > 1) return false;
    *out = pair_.Items()[static_cast<size_t>(index & 1)];
    return true;
  }
  int Depth() const override { return pair_.Depth(); }

 private:
  Value pair_;
};

}  // namespace

Value MakeGroup(Value grouper, Value list) {
  return MakeObject(
      std::make_shared<GroupObject>(std::move(grouper), std::move(list)));
}

}  // namespace llamba::jinja
